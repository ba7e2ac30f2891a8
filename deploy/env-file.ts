import { existsSync, readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { ConfigError, type Environment } from '../shared/config.ts'
import { asObject } from '../shared/json.ts'
import { CATALOGUE_VARIABLES } from '../shared/tools.ts'
import { hasCatalogue } from './build/catalogue.ts'

/**
 * The variables of a file such as .env.yaml, in the form that `gcloud --env-vars-file` takes: one
 * mapping, every value a string.
 *
 * @throws ConfigError with every fault, never with a value.
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
 * What an operator's command runs with: the environment, and .env.yaml in the working directory, if it
 * is there, for what the environment does not set. A catalogue of the environment replaces that of the
 * file, in whatever form either is given.
 *
 * @throws ConfigError as `readEnvFile` does.
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
      `${path} cannot be read: copy .env.yaml.sample there and fill it in, or name another with --env-file`,
    ])
  }
}
