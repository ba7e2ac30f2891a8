import { existsSync, readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { mappingOf, yamlFault } from '../shared/catalogue/yaml.ts'
import { ConfigError, type Environment } from '../shared/config.ts'
import { CATALOGUE_VARIABLES } from '../shared/tools.ts'
import { hasCatalogue } from './build/catalogue.ts'
import type { OptionSpecs } from './kit/options.ts'

const DEFAULT_FILE = '.env.yaml'

/** The option that names the file. */
export const ENV_FILE_OPTION = {
  'env-file': {
    type: 'string',
    value: 'FILE',
    default: DEFAULT_FILE,
    text: 'file with the variables',
  },
} as const satisfies OptionSpecs

/**
 * Reads the variables of a file such as .env.yaml, in the format of `gcloud --env-vars-file`: one mapping
 * of names to strings.
 *
 * @throws ConfigError that lists every fault, without values.
 */
export function readEnvFile(path: string): Environment {
  const text = readText(path)
  const document = parseDocument(text, { prettyErrors: false })
  const fault = yamlFault(document, text)
  if (fault !== undefined) throw new ConfigError([`${path} is not YAML (${fault})`])
  const values = mappingOf(document)
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
 * Returns the environment, extended by variables of the file that it does not set. A catalogue in the
 * environment replaces the file's catalogue in any form.
 *
 * @throws ConfigError like `readOptionalEnvFile`.
 */
export function operatorEnvironment(env: Environment, path: string = DEFAULT_FILE): Environment {
  const set = Object.entries(env).filter(([, value]) => Boolean(value?.trim()))
  const file = Object.entries(readOptionalEnvFile(path))
  const isReplaced = (name: string) =>
    hasCatalogue(env) && CATALOGUE_VARIABLES.some((variable) => variable === name)
  return Object.fromEntries([...file.filter(([name]) => !isReplaced(name)), ...set])
}

/**
 * Reads a file like `readEnvFile`; without .env.yaml in the working directory, returns no variables.
 *
 * @throws ConfigError like `readEnvFile`.
 */
export function readOptionalEnvFile(path: string): Environment {
  return path === DEFAULT_FILE && !existsSync(path) ? {} : readEnvFile(path)
}

/** Returns how to create the file; undefined if it exists. */
export function missingEnvFile(path: string): string | undefined {
  return existsSync(path) ? undefined : cannotBeRead(path)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError([cannotBeRead(path)])
  }
}

function cannotBeRead(path: string): string {
  return `${path} cannot be read: copy .env.yaml.sample to it and fill it in, or pass another file with --env-file`
}
