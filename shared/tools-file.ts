import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Environment } from './config.ts'

/** The name under which `npm run deploy` adds the catalogue to a function. */
const DEPLOYED_FILE = 'catalogue.json'
const OTHER_VARIABLES = ['TOOLS', 'TOOL_SCOPES_JSON']

/**
 * Returns `env` with the path of a relative `TOOLS_FILE` resolved against the directory of the function.
 * Keeps a path that exists relative to the working directory, because a shell resolves it that way. On
 * Cloud Functions, both directories are `/workspace`.
 *
 * Ignores the catalogue that was deployed with the function if another variable sets a catalogue.
 *
 * @param directory The absolute path of the function's directory.
 */
export function locateToolsFile(env: Environment, directory: string): Environment {
  const path = env['TOOLS_FILE']?.trim()
  const { TOOLS_FILE, ...others } = env
  if (path === DEPLOYED_FILE && OTHER_VARIABLES.some((name) => env[name]?.trim())) return others
  if (!path || isAbsolute(path) || existsSync(path)) return env
  const beside = join(directory, path)
  return existsSync(beside) ? { ...env, TOOLS_FILE: beside } : env
}
