import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { ClientPreset } from '../../shared/auth0/client-presets.ts'
import { ConfigError, type Environment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES } from '../../shared/tools.ts'
import { backendSecrets, hasCatalogue } from '../build/catalogue.ts'
import { FUNCTION_CONFIGS, type FunctionName } from '../function-configs.ts'

/** The ports of the local system. */
export interface Ports {
  readonly port: number
  readonly tenantPort: number
  readonly toolsPort: number
}

/** The variables of the local system. */
export interface LocalEnvironment {
  /** Each variable with the given value or the local default. */
  readonly variables: Readonly<Record<string, string>>
  /** The variables of each function, limited to those that it reads. */
  readonly functions: Readonly<Record<FunctionName, Readonly<Record<string, string>>>>
}

const SECRETS = [
  ...(['GATEWAY_HMAC_SECRET', 'MGMT_CLIENT_SECRET', 'LOG_WEBHOOK_SECRET'] as const),
  'OBO_CLIENT_SECRET',
] as const

// Codex, Claude Code, MCP Inspector and `npm run connect` listen on arbitrary loopback ports.
const REDIRECT_URIS: readonly ClientPreset[] = ['chatgpt', 'vscode', 'loopback']
const MCP_INSPECTOR = ['http://localhost:6274', 'http://127.0.0.1:6274']
const TOOLS_FILE = fileURLToPath(new URL('tools.yaml', import.meta.url))

/**
 * Returns `PORT` and `TENANT_PORT`. The defaults are 8080 and 8081; 0 = any free port.
 *
 * @throws ConfigError
 */
export function localPorts(env: Environment): Pick<Ports, 'port' | 'tenantPort'> {
  const given = { PORT: env['PORT'] || '8080', TENANT_PORT: env['TENANT_PORT'] || '8081' }
  const faults = Object.entries(given)
    .filter(([, value]) => !/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    .map(([name]) => `${name} must be a port from 0 to 65535`)
  if (faults.length > 0) throw new ConfigError(faults)
  return { port: Number(given.PORT), tenantPort: Number(given.TENANT_PORT) }
}

/** Returns the variables with a random value for each secret that is not set. */
export function withSecrets(env: Environment): Environment {
  const missing = SECRETS.filter((name) => !env[name]?.trim())
  const generated = missing.map((name) => [name, randomBytes(32).toString('hex')])
  return { ...env, ...Object.fromEntries(generated) }
}

/** Returns the variables in `env` that contain the catalogue, or `TOOLS_FILE` of the sample catalogue. */
export function catalogueSource(env: Environment): Readonly<Record<string, string>> {
  return hasCatalogue(env) ? pick(env, CATALOGUE_VARIABLES) : { TOOLS_FILE }
}

/**
 * Returns the variables of each function on this machine. Values in `env` override local defaults. An empty
 * value counts as unset. Does not generate secrets (`withSecrets` does) or validate values (the functions
 * do).
 */
export function localEnvironment(env: Environment, ports: Ports): LocalEnvironment {
  const catalogue = catalogueSource(env)
  const { named } = backendSecrets(catalogue)
  const { gateway, metadata, registration, 'log-webhook': logWebhook } = FUNCTION_CONFIGS
  const declared = Object.values(FUNCTION_CONFIGS).flatMap(({ variables }) => variables)
  const names = [...new Set([...declared, ...named])]
  const given = pick(env, names)
  const publicUrl = (given['PUBLIC_URL'] ?? `http://localhost:${ports.port}`).replace(/\/$/, '')
  const variables = {
    OAUTH_ISSUER: `http://localhost:${ports.tenantPort}/`,
    OAUTH_AUDIENCE: `${publicUrl}/mcp`,
    ...catalogue,
    FUNCTIONS_BASE: `http://127.0.0.1:${ports.toolsPort}`,
    APP_ORIGIN: MCP_INSPECTOR.join(','),
    MGMT_DOMAIN: `localhost:${ports.tenantPort}`,
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
