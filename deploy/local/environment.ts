import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { ClientPreset } from '../../shared/auth0/client-presets.ts'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { backendSecrets, hasCatalogue } from '../build/catalogue.ts'
import { FUNCTION_CONFIGS, type FunctionName } from '../function-configs.ts'

/** Where the parts of the local system listen. */
export interface Places {
  readonly port: number
  readonly tenantPort: number
  readonly toolsPort: number
}

/** What the local system runs with. */
export interface LocalEnvironment {
  /** Every variable: those that were set, and the local defaults of the others. */
  readonly variables: Readonly<Record<string, string>>
  /** What each function may see: the variables that it uses and no others. */
  readonly functions: Readonly<Record<FunctionName, Readonly<Record<string, string>>>>
}

const SECRETS = [
  ...(['GATEWAY_HMAC_SECRET', 'MGMT_CLIENT_SECRET', 'LOG_WEBHOOK_SECRET'] as const),
  'OBO_CLIENT_SECRET',
] as const

// Codex, Claude Code, MCP Inspector and `npm run connect` listen on a port of their choice.
const REDIRECT_URIS: readonly ClientPreset[] = ['chatgpt', 'vscode', 'loopback']
const MCP_INSPECTOR = ['http://localhost:6274', 'http://127.0.0.1:6274']
const TOOLS_FILE = fileURLToPath(new URL('tools.yaml', import.meta.url))

/**
 * `PORT` and `TENANT_PORT`, by default 8080 and 8081; 0 = any free port.
 *
 * @throws ConfigError
 */
export function localPorts(env: Environment): Pick<Places, 'port' | 'tenantPort'> {
  const given = { PORT: env['PORT'] || '8080', TENANT_PORT: env['TENANT_PORT'] || '8081' }
  const faults = Object.entries(given)
    .filter(([, value]) => !/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    .map(([name]) => `${name} must be a port, 0 to 65535`)
  if (faults.length > 0) throw new ConfigError(faults)
  return { port: Number(given.PORT), tenantPort: Number(given.TENANT_PORT) }
}

/** The same variables, with a random value for each secret that is not set. */
export function withSecrets(env: Environment): Environment {
  const missing = SECRETS.filter((name) => !env[name]?.trim())
  const made = missing.map((name) => [name, randomBytes(32).toString('hex')])
  return { ...env, ...Object.fromEntries(made) }
}

/**
 * The variables of each function on this machine. One that is set in `env` wins over its local
 * default; an empty value counts as unset. Makes no secrets (see `withSecrets`) and checks no value:
 * the functions do.
 */
export function localEnvironment(env: Environment, places: Places): LocalEnvironment {
  const { named } = backendSecrets(hasCatalogue(env) ? env : { TOOLS_FILE })
  const { gateway, metadata, registration, 'log-webhook': logWebhook } = FUNCTION_CONFIGS
  const declared = Object.values(FUNCTION_CONFIGS).flatMap(({ variables }) => variables)
  const names = [...new Set([...declared, ...named])]
  const given = pick(env, names)
  const publicUrl = (given['PUBLIC_URL'] ?? `http://localhost:${places.port}`).replace(/\/$/, '')
  const variables = {
    OAUTH_ISSUER: `http://localhost:${places.tenantPort}/`,
    OAUTH_AUDIENCE: `${publicUrl}/mcp`,
    ...(!hasCatalogue(env) && { TOOLS_FILE }),
    FUNCTIONS_BASE: `http://127.0.0.1:${places.toolsPort}`,
    APP_ORIGIN: MCP_INSPECTOR.join(','),
    MGMT_DOMAIN: `localhost:${places.tenantPort}`,
    MGMT_CLIENT_ID: 'management',
    OBO_CLIENT_ID: 'exchange',
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    CLIENT_REDIRECT_URIS: REDIRECT_URIS.join(','),
    ...given,
    PUBLIC_URL: publicUrl,
  }
  return {
    variables,
    functions: {
      metadata: pick(variables, metadata.variables),
      gateway: pick(variables, [...gateway.variables, ...named]),
      'log-webhook': pick(variables, logWebhook.variables),
      registration: pick(variables, registration.variables),
    },
  }
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name]?.trim()
      return value ? [[name, value] as const] : []
    }),
  )
}
