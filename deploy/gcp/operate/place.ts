import { existsSync } from 'node:fs'
import type { Environment } from '../../../shared/config.ts'
import { readEnvFile } from '../../env-file.ts'
import { readSettings, type Settings } from '../settings.ts'
import type { OperateDependencies } from './dependencies.ts'
import type { OperateOptions } from './options.ts'

/** Where the deployment is. */
export interface DeploymentPlace {
  readonly settings: Settings & {
    readonly prefix?: string | undefined
    readonly site?: string | undefined
  }
  /** The public origin, without a slash at its end; undefined = not known. */
  readonly publicUrl: string | undefined
  /** The file's variables; empty where there is no file. */
  readonly file: Environment
}

/** @throws ConfigError with every fault of file and settings. */
export async function readPlace(
  options: OperateOptions,
  { env, run }: OperateDependencies,
): Promise<DeploymentPlace> {
  const file = existsSync(options.envFile) ? readEnvFile(options.envFile) : {}
  const settings = await readSettings({ flags: options, env, file }, run)
  const url = env['PUBLIC_URL']?.trim() || file['PUBLIC_URL']?.trim()
  return {
    settings: { ...settings, ...(options.site !== undefined && { site: options.site }) },
    publicUrl: url?.replace(/\/$/, ''),
    file,
  }
}
