import type { Environment } from '../../../shared/config.ts'
import { missingEnvFile, readOptionalEnvFile } from '../../env-file.ts'
import { readSettings, type Settings } from '../settings.ts'
import type { OperateDependencies } from './dependencies.ts'
import type { OperateOptions } from './options.ts'

/** The location of a deployment. */
export interface DeploymentPlace {
  readonly settings: Settings & {
    readonly prefix?: string | undefined
    readonly site?: string | undefined
  }
  /** The public origin, without a trailing slash; undefined = not known. */
  readonly publicUrl: string | undefined
  /** The file's variables; empty without a file. */
  readonly file: Environment
}

/**
 * Reads the file and the settings. Without .env.yaml it continues, and writes how to create the file.
 *
 * @throws ConfigError that lists every fault of the file and the settings.
 */
export async function readPlace(
  options: OperateOptions,
  { env, run, write }: OperateDependencies,
): Promise<DeploymentPlace> {
  const file = readOptionalEnvFile(options.envFile)
  const settings = await readSettings({ flags: options, env, file }, run)
  const missing = missingEnvFile(options.envFile)
  if (missing !== undefined && !options.json) write(`${missing}; continuing without it\n`)
  const url = env['PUBLIC_URL']?.trim() || file['PUBLIC_URL']?.trim()
  return {
    settings: { ...settings, ...(options.site !== undefined && { site: options.site }) },
    publicUrl: url?.replace(/\/$/, ''),
    file,
  }
}
