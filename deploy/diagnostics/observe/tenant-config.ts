import { randomBytes } from 'node:crypto'
import { variables } from '../../../shared/config/variables.ts'
import {
  ConfigError,
  type Environment,
  isLoopback,
  parseEnvironment,
} from '../../../shared/config.ts'
import { type ProvisionConfig, parseProvisionConfig } from '../../auth0/config.ts'
import { localEnvironment } from '../../local/environment.ts'
import type { DeploymentObservation } from './deployment.ts'
import type { ToolScopes } from './openapi-tools.ts'

/** What is needed to examine the tenant. */
export interface TenantConfig {
  readonly provision: ProvisionConfig
  /** Names of the variables that were set for this command; the others were filled in. */
  readonly given: ReadonlySet<string>
  /** Ids of the organizations whose members sign in. */
  readonly organizations: readonly string[]
  /** OBO_CLIENT_ID; undefined when it was not set. */
  readonly oboClientId?: string | undefined
}

/** Why the tenant cannot be examined. */
export interface NoTenantConfig {
  readonly reason: string
  /** Faults of variables that were set: the functions would reject them, too. */
  readonly faults: readonly string[]
}

const CREDENTIALS = ['MGMT_DOMAIN', 'MGMT_CLIENT_ID', 'MGMT_CLIENT_SECRET'] as const
const CATALOGUE = ['TOOLS', 'TOOLS_FILE', 'TOOL_SCOPES_JSON'] as const
/** Used when no login connections are configured. */
export const UNKNOWN_CONNECTION = 'not-known-to-doctor'
const HOW_TO_SET = `set ${CREDENTIALS.join(', ')} to examine the tenant as well`
const PORT_OF_SCHEME: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * The variables as they are set; what is not set is taken from what the deployment publishes, and
 * with a deployment on this machine from the defaults of `npm start`.
 */
export function tenantConfig(
  env: Environment,
  observed: DeploymentObservation,
  organization: string | undefined,
): TenantConfig | NoTenantConfig {
  const set = Object.entries(env).filter(([, value]) => value?.trim())
  const given = new Set(set.map(([name]) => name))
  if (!CREDENTIALS.some((name) => given.has(name))) return { reason: HOW_TO_SET, faults: [] }
  const hasCatalogue = CATALOGUE.some((name) => given.has(name))
  const published = withoutUndefined({
    PUBLIC_URL: observed.origin,
    OAUTH_AUDIENCE: stringOf(observed.metadata?.['resource']),
    ...(!hasCatalogue &&
      observed.tools !== undefined && { TOOL_SCOPES_JSON: scopesOf(observed.tools) }),
  })
  try {
    const provision = parseProvisionConfig({
      // Placeholders for missing values; nothing is compared with them.
      LOG_WEBHOOK_SECRET: randomBytes(32).toString('hex'),
      GOOGLE_CONNECTION_NAME: UNKNOWN_CONNECTION,
      ...localDefaults(env, observed),
      ...published,
      ...Object.fromEntries(set),
    })
    const { OAUTH_ORGANIZATION = [] } = parseEnvironment(
      { OAUTH_ORGANIZATION: variables.OAUTH_ORGANIZATION },
      env,
    )
    const named = [...OAUTH_ORGANIZATION, ...(organization === undefined ? [] : [organization])]
    return {
      provision,
      given,
      organizations: [...new Set(named)],
      oboClientId: env['OBO_CLIENT_ID']?.trim() || undefined,
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const faults = error.faults.filter((fault) => given.has(fault.split(/[\s:]/)[0] ?? ''))
    return { reason: error.faults.join('; '), faults }
  }
}

/** The defaults of `npm start` without its catalogue, because the deployment publishes its own. */
function localDefaults(env: Environment, { origin, issuer }: DeploymentObservation): Environment {
  const { protocol, hostname, port } = new URL(origin)
  const tenant = issuer === undefined ? null : URL.parse(issuer.url)
  if (!isLoopback(hostname) || tenant === null || !isLoopback(tenant.hostname)) return {}
  const places = {
    port: Number(port) || (PORT_OF_SCHEME[protocol] ?? 0),
    tenantPort: Number(tenant.port) || (PORT_OF_SCHEME[tenant.protocol] ?? 0),
    toolsPort: 0,
  }
  const { MGMT_DOMAIN, MGMT_CLIENT_ID, GOOGLE_CONNECTION_NAME, CLIENT_REDIRECT_URIS } =
    localEnvironment(env, places).variables
  return { MGMT_DOMAIN, MGMT_CLIENT_ID, GOOGLE_CONNECTION_NAME, CLIENT_REDIRECT_URIS }
}

/** The scopes of the tools, on which an API and its grants depend. */
function scopesOf(tools: ToolScopes): string {
  return JSON.stringify(Object.fromEntries([...tools].map(([name, { scopes }]) => [name, scopes])))
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function withoutUndefined(values: Environment): Environment {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
