import { randomBytes } from 'node:crypto'
import { type Environment, splitList } from '../../shared/config.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, OptionSpecs } from '../kit/options.ts'
import type { EmulatorOptions } from './emulator.ts'

/** The options of `npm run emulator`. */
export const EMULATOR_OPTIONS = {
  port: { type: 'string', value: 'PORT', text: 'of this machine; 0 is any that is free' },
  'public-url': {
    type: 'list',
    value: 'URL',
    text: 'a deployment of this system: its API has the identifier URL/mcp',
  },
  api: { type: 'list', value: 'IDENTIFIER', text: 'identifier of any other API' },
  scope: {
    type: 'list',
    value: 'SCOPE',
    text: 'a scope of each API; default events:read and events:write',
  },
  mode: {
    type: 'string',
    value: 'MODE',
    choices: ['strict', 'permissive'],
    text: 'the mode of third-party clients that register',
  },
  empty: {
    type: 'boolean',
    text: 'start as Auth0 creates a tenant: no API and no registration, for npm run provision',
  },
} as const satisfies OptionSpecs

const DEFAULT_API = 'http://localhost:8080/mcp'
const DEFAULT_SCOPES = ['events:read', 'events:write']

/** What the emulator starts with, and what people must know to use it. */
export interface EmulatorSettings extends Required<Pick<EmulatorOptions, 'port' | 'apis'>> {
  readonly setup: EmulatorOptions
  /** Whether MGMT_CLIENT_SECRET was set, so that the secret need not be shown. */
  readonly isSecretGiven: boolean
}

/**
 * What the command line and the variables TENANT_PORT, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET and
 * GOOGLE_CONNECTION_NAME ask for. The secret is random where none is set.
 *
 * @throws UsageError
 */
export function toEmulatorSettings(
  { values }: CommandLine<typeof EMULATOR_OPTIONS>,
  env: Environment,
): EmulatorSettings {
  const port = toPort(values.port, env['TENANT_PORT'])
  const { empty, mode } = values
  const identifiers = [...values['public-url'].map(toApi), ...values.api]
  if (empty && (identifiers.length > 0 || mode !== undefined)) {
    throw new UsageError('--empty takes none of --public-url, --api and --mode.')
  }
  const scopes = values.scope.length === 0 ? DEFAULT_SCOPES : [...new Set(values.scope)]
  const [audience = DEFAULT_API, ...others] = new Set(identifiers)
  const described = scopes.map((value) => ({ value, description: value }))
  const apis = others.map((identifier) => ({ identifier, scopes: described }))
  const secret = env['MGMT_CLIENT_SECRET']?.trim()
  return {
    port,
    apis: empty ? [] : [{ identifier: audience, scopes: described }, ...apis],
    isSecretGiven: Boolean(secret),
    setup: {
      port,
      audience,
      scopes: described,
      apis,
      empty,
      ...(mode !== undefined && { mode }),
      users: [person('alice', scopes), person('bob', scopes.filter(isReading))],
      connections: splitList(env['GOOGLE_CONNECTION_NAME']?.trim() || 'google-oauth2'),
      management: {
        clientId: env['MGMT_CLIENT_ID']?.trim() || 'management',
        clientSecret: secret || randomBytes(32).toString('hex'),
      },
    },
  }
}

function toPort(given: string | undefined, variable: string | undefined): number {
  const value = given ?? (variable?.trim() || '8081')
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
  throw new UsageError(`${given === undefined ? 'TENANT_PORT' : '--port'} takes 0 to 65535.`)
}

function toApi(url: string): string {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return `${url.replace(/\/$/, '')}/mcp`
  throw new UsageError('--public-url must be an http or https URL.')
}

function isReading(scope: string): boolean {
  return scope.endsWith(':read')
}

function person(name: string, permissions: readonly string[]) {
  const email = `${name}@example.com`
  return { email, password: 'password', userId: `auth0|${name}`, permissions }
}
