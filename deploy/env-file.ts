import { existsSync, readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { ConfigError, type Environment } from '../shared/config.ts'
import { asObject } from '../shared/json.ts'
import { CATALOGUE_VARIABLES } from '../shared/tools.ts'
import { hasCatalogue } from './build/catalogue.ts'

/**
 * Reads the variables of a file such as .env.yaml, in the format of `gcloud --env-vars-file`: one mapping
 * of names to strings.
 *
 * @throws ConfigError that lists every fault, without values.
 */
export function readEnvFile(path: string): Environment {
  const document = parseDocument(readText(path), { prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    throw new ConfigError([`${path} is not YAML (${error.code} at character ${error.pos[0]})`])
  }
  const values = asObject(document.toJS({ maxAliasCount: 100 }))
  if (values === undefined) {
    throw new ConfigError([`${path} must be a mapping of variable to value`])
  }
  const faults = Object.entries(values)
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => `${name} must be a quoted string in ${path}`)
  if (faults.length > 0) throw new ConfigError(faults)
  return values as Environment
}

/**
 * Returns the environment, extended by variables of .env.yaml in the working directory that it does not
 * set. A catalogue in the environment replaces the file's catalogue in any form.
 *
 * @throws ConfigError like `readEnvFile`.
 */
export function operatorEnvironment(env: Environment, path = '.env.yaml'): Environment {
  if (!existsSync(path)) return env
  const set = Object.entries(env).filter(([, value]) => Boolean(value?.trim()))
  const file = Object.entries(readEnvFile(path))
  const isReplaced = (name: string) =>
    hasCatalogue(env) && CATALOGUE_VARIABLES.some((variable) => variable === name)
  return Object.fromEntries([...file.filter(([name]) => !isReplaced(name)), ...set])
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError([
      `${path} cannot be read: copy .env.yaml.sample to it and fill it in, or pass another file with --env-file`,
    ])
  }
}
