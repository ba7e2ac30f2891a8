import { generateKeyPairSync } from 'node:crypto'
import { variables } from '../../../shared/config/variables.ts'
import type { Environment } from '../../../shared/config.ts'
import { backendSecrets } from '../../build/catalogue.ts'
import { isSecret } from '../names.ts'

/** In place of a value: Secret Manager's own is kept, whatever it is. */
export const KEPT = '<kept in Secret Manager>'

/** What a function's parser accepts for a secret whose value is not known here. */
const STAND_IN = 'kept-in-secret-manager-'.padEnd(48, '0')

/** The names of all secret variables; `env` has the catalogue, whose tools may name more. */
export function secretNames(env: Environment): string[] {
  const { named, isExchanged } = backendSecrets(env)
  const own = Object.keys(variables).filter(isSecret)
  return [...own.filter((name) => isExchanged || name !== 'OBO_CLIENT_SECRET'), ...named]
}

/** Whether a function that reads this secret can start without it. */
export function isOptionalSecret(name: string): boolean {
  return name === 'GATEWAY_SIGNING_KEY' || name === 'REDIS_URL'
}

/**
 * The secrets with the value to deploy: that of the environment, else that of the file. One that is
 * empty in the file is not wanted; one that neither names is not in the result.
 */
export function givenSecrets(env: Environment, file: Environment): Record<string, string> {
  return Object.fromEntries(
    secretNames(file).flatMap((name) => {
      const value = env[name]?.trim() || file[name]?.trim()
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** `env` with something that a parser accepts for each of the secrets `names`. */
export function withStandIns(env: Environment, names: readonly string[]): Environment {
  return { ...env, ...Object.fromEntries(names.map((name) => [name, standInFor(name)])) }
}

function standInFor(name: string): string {
  if (name === 'REDIS_URL') return 'rediss://kept.invalid:6379'
  return name === 'GATEWAY_SIGNING_KEY' ? createSigningKey() : STAND_IN
}

/** A new Ed25519 private key as GATEWAY_SIGNING_KEY takes it: PKCS #8 in PEM, on one line. */
export function createSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return String(pem).trim().replaceAll('\n', '\\n')
}
