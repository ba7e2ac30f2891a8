import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Environment } from './config.ts'

/** Where `npm run deploy` puts the catalogue that a function takes along. */
const CARRIED = 'catalogue.json'
const OTHERS = ['TOOLS', 'TOOL_SCOPES_JSON']

/**
 * `env` with a relative `TOOLS_FILE` as a path that does not depend on the working directory when the
 * file lies beside the function. A path that leads to a file from the working directory is kept: that
 * is what it means in a shell. On Cloud Functions both are `/workspace`.
 *
 * The catalogue that a deployed function takes along gives way to one that is set by hand.
 *
 * @param directory Absolute path of the function's own directory.
 */
export function locateToolsFile(env: Environment, directory: string): Environment {
  const path = env['TOOLS_FILE']?.trim()
  const { TOOLS_FILE, ...others } = env
  if (path === CARRIED && OTHERS.some((name) => env[name]?.trim())) return others
  if (!path || isAbsolute(path) || existsSync(path)) return env
  const beside = join(directory, path)
  return existsSync(beside) ? { ...env, TOOLS_FILE: beside } : env
}
