import { randomBytes } from 'node:crypto'
import { type Environment, splitList } from '../../shared/config.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, OptionSpecs } from '../kit/options.ts'
import type { EmulatorOptions } from './emulator.ts'

/** The options of `npm run emulator`. */
export const EMULATOR_OPTIONS = {
  port: { type: 'string', value: 'PORT', text: 'the port on this machine; 0 chooses a free port' },
  'public-url': {
    type: 'list',
    value: 'URL',
    text: 'the URL of a deployment of this system, whose API has the identifier URL/mcp',
  },
  api: { type: 'list', value: 'IDENTIFIER', text: 'the identifier of another API' },
  scope: {
    type: 'list',
    value: 'SCOPE',
    text: 'a scope of each API; default events:read and events:write',
  },
  mode: {
    type: 'string',
    value: 'MODE',
    choices: ['strict', 'permissive'],
    text: 'the security mode of newly registered third-party clients',
  },
  empty: {
    type: 'boolean',
    text: 'start as a new Auth0 tenant, without an API and without registration, for npm run provision',
  },
} as const satisfies OptionSpecs

const DEFAULT_API = 'http://localhost:8080/mcp'
const DEFAULT_SCOPES = ['events:read', 'events:write']

/** The settings of the emulator, and the values for its description. */
export interface EmulatorSettings extends Required<Pick<EmulatorOptions, 'port' | 'apis'>> {
  readonly setup: EmulatorOptions
  /** Whether MGMT_CLIENT_SECRET was set. If so, the description omits the secret. */
  readonly isSecretGiven: boolean
}

/**
 * Returns the settings from the command line and the variables TENANT_PORT, MGMT_CLIENT_ID,
 * MGMT_CLIENT_SECRET and GOOGLE_CONNECTION_NAME. Without MGMT_CLIENT_SECRET, the secret is random.
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
    throw new UsageError('--empty cannot be combined with --public-url, --api or --mode.')
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
  throw new UsageError(`${given === undefined ? 'TENANT_PORT' : '--port'} must be 0 to 65535.`)
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
