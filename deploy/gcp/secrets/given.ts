import { generateKeyPairSync } from 'node:crypto'
import { variables } from '../../../shared/config/variables.ts'
import type { Environment } from '../../../shared/config.ts'
import { backendSecrets } from '../../build/catalogue.ts'
import { isSecret } from '../names.ts'

/** Used instead of a value: keep the version in Secret Manager. */
export const KEEP_STORED = '<kept in Secret Manager>'

/** A valid value for a function's parser if the secret's value is not known. */
const PLACEHOLDER = 'kept-in-secret-manager-'.padEnd(48, '0')

/** Returns the names of all secret variables, including those that tools of the catalogue in `env` name. */
export function secretNames(env: Environment): string[] {
  const { named, isExchanged } = backendSecrets(env)
  const own = Object.keys(variables).filter(isSecret)
  return [...own.filter((name) => isExchanged || name !== 'OBO_CLIENT_SECRET'), ...named]
}

/** Returns whether functions can start without this secret. */
export function isOptionalSecret(name: string): boolean {
  return name === 'GATEWAY_SIGNING_KEY' || name === 'REDIS_URL'
}

/**
 * Returns the secrets to deploy with their values from the environment, or else from the file. A secret
 * that is empty in the file is not used; a secret in neither is not in the result.
 */
export function givenSecrets(env: Environment, file: Environment): Record<string, string> {
  return Object.fromEntries(
    secretNames(file).flatMap((name) => {
      const value = env[name]?.trim() || file[name]?.trim()
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Returns `env` with a valid placeholder for each secret in `names`. */
export function withPlaceholders(env: Environment, names: readonly string[]): Environment {
  return { ...env, ...Object.fromEntries(names.map((name) => [name, placeholderFor(name)])) }
}

function placeholderFor(name: string): string {
  if (name === 'REDIS_URL') return 'rediss://kept.invalid:6379'
  return name === 'GATEWAY_SIGNING_KEY' ? createSigningKey() : PLACEHOLDER
}

/** Creates an Ed25519 private key for GATEWAY_SIGNING_KEY: PKCS #8 in PEM, on one line. */
export function createSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return String(pem).trim().replaceAll('\n', '\\n')
}
