import type { Management as Auth0 } from 'auth0'
import { LOG_WEBHOOK_PATH } from '../../shared/protected-resource.ts'
import type { Catalogue } from '../../shared/tools.ts'
import type { ProvisionConfig } from './config.ts'

/** What the person asked for beside the state that the environment describes. */
export interface DesiredOptions {
  /** Remove the scopes that the catalogue no longer has. */
  readonly prune?: boolean
  /** URL of a Client ID Metadata Document that is to be a client. */
  readonly cimd?: string | undefined
  /** Redirect URI of a first-party client that is made before anybody connects. */
  readonly predefined?: string | undefined
}

/** A scope of the API. */
export interface Permission {
  readonly value: string
  /** Shown to people when they consent. */
  readonly description: string
}

/** The tenant as this system needs it. */
export interface DesiredState {
  readonly audience: string
  /** Name of the API, if it has to be made. */
  readonly apiName: string
  /** One permission per scope of the catalogue, sorted. */
  readonly scopes: readonly Permission[]
  readonly connections: readonly string[]
  readonly logStream: DesiredLogStream
  /** Whether log-webhook deletes the registrations that no redirect URI pattern covers. */
  readonly deletesForeignClients: boolean
  readonly prune: boolean
  readonly cimd: string | undefined
  readonly predefined: string | undefined
}

export interface DesiredLogStream {
  /** Its name, if it has to be made. */
  readonly name: string
  readonly endpoint: string
  /** The whole Authorization field: a secret. */
  readonly authorization: string
  /** The values that mean the same to log-webhook: with and without `Bearer`. */
  readonly equivalents: readonly string[]
}

/**
 * The API's settings. The gateway takes RS256 alone; `enforce_policies` is RBAC, without which
 * everybody has every scope; the dialect puts `permissions` into the token, which narrow `scope`;
 * without offline access a connection ends with its first access token.
 */
export const API_SETTINGS = {
  signing_alg: 'RS256',
  enforce_policies: true,
  token_dialect: 'rfc9068_profile_authz',
  allow_offline_access: true,
} as const satisfies Auth0.UpdateResourceServerRequestContent

/** How the log stream delivers, beside its address and secret. */
export const LOG_STREAM_FORMAT = {
  httpContentFormat: 'JSONARRAY',
  httpContentType: 'application/json',
} as const satisfies Partial<Auth0.LogStreamHttpSink>

/** Registrations are `sapi` events, which Auth0 has in this category. */
export const LOG_STREAM_FILTER = {
  type: 'category',
  name: 'management.success',
} as const satisfies Auth0.LogStreamFilter

// Auth0 refuses a longer description of a permission.
const MAX_DESCRIPTION_CHARACTERS = 500

/** The state to reach. Touches nothing and asks nobody. */
export function desiredState(
  config: ProvisionConfig,
  { prune = false, cimd, predefined }: DesiredOptions = {},
): DesiredState {
  const [secret] = config.LOG_WEBHOOK_SECRET
  const { host } = new URL(config.PUBLIC_URL)
  return {
    audience: config.audience,
    apiName: `Tools at ${host}`,
    scopes: permissions(config.catalogue),
    connections: [...new Set(config.GOOGLE_CONNECTION_NAME)],
    logStream: {
      name: `log-webhook at ${host}`,
      endpoint: `${config.PUBLIC_URL}${LOG_WEBHOOK_PATH}`,
      authorization: `Bearer ${secret}`,
      equivalents: [`Bearer ${secret}`, secret],
    },
    deletesForeignClients: config.DCR_POLICY === 'enforce',
    prune,
    cimd,
    predefined,
  }
}

/** Each scope with the names of the tools that need it, which the consent page shows. */
export function permissions(catalogue: Catalogue): readonly Permission[] {
  const tools = new Map<string, string[]>()
  for (const { name, scopes } of catalogue.values()) {
    for (const scope of scopes) tools.set(scope, [...(tools.get(scope) ?? []), name])
  }
  return [...tools]
    .map(([value, names]) => ({ value, description: describe(names) }))
    .sort((one, other) => (one.value < other.value ? -1 : 1))
}

function describe(tools: readonly string[]): string {
  const text = `Tools: ${tools.join(', ')}`
  return text.length <= MAX_DESCRIPTION_CHARACTERS
    ? text
    : `${text.slice(0, MAX_DESCRIPTION_CHARACTERS - 1)}…`
}
