import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/oauth/protected-resource.ts'
import type { Catalogue } from '../../shared/tools.ts'
import type { ProvisionConfig } from './config.ts'

/** What the person asked for beside the state that the environment describes. */
export interface DesiredOptions {
  /** Remove the scopes that the catalogue no longer has. */
  readonly prune?: boolean
  /** URL of a Client ID Metadata Document that is to be a client. */
  readonly cimd?: string | undefined
  /** Redirect URI of a first-party client that is made before anyone connects. */
  readonly predefined?: string | undefined
  /** The mode of dynamic client registration; undefined = as it is. */
  readonly mode?: 'strict' | 'permissive' | undefined
  /** Turn on `iss` in authorization responses (RFC 9207). */
  readonly iss?: boolean
  /** Lifetime of the API's access tokens in seconds; undefined = as it is. */
  readonly tokenLifetime?: number | undefined
  /** Name of the role that has every permission of the tools. */
  readonly role?: string | undefined
  /** Show how each new user gets that role. */
  readonly defaultRole?: boolean
  /** Id of an organization whose members third-party clients sign in. */
  readonly organization?: string | undefined
}

/** A scope of the API. */
export interface Permission {
  readonly value: string
  /** For the dashboard. Auth0's consent page shows scope names unless a tenant flag says otherwise. */
  readonly description: string
}

/** An API of a backend, for which the gateway exchanges the tokens of people. */
export interface Exchange {
  readonly audience: string
  /** Sorted; undefined = all that the API has, because a tool names none. */
  readonly scopes: readonly string[] | undefined
  /** Names of the tools. */
  readonly tools: readonly string[]
}

/** The tenant as this system needs it. */
export interface DesiredState {
  readonly audience: string
  /** Name of the API, if it has to be made. */
  readonly apiName: string
  /** One permission per scope of the catalogue, sorted. */
  readonly scopes: readonly Permission[]
  readonly connections: readonly string[]
  /** One for each audience of `backendAuth` `on_behalf_of`. */
  readonly exchanges: readonly Exchange[]
  /** Name of the client that exchanges, if it has to be made. */
  readonly exchangeName: string
  readonly logStream: DesiredLogStream
  /** Whether log-webhook deletes the registrations that no redirect URI pattern covers. */
  readonly deletesForeignClients: boolean
  /** Whether this system admits clients that register; false = it only observes them. */
  readonly admitsClients: boolean
  /** `admitted`: a client needs a grant of its own. `open`: every third-party client has one. */
  readonly thirdPartyAccess: 'admitted' | 'open'
  /** Whether the deployment registers and admits clients itself (`AUTH_SERVER_METADATA=curated`). */
  readonly isCurated: boolean
  /** Tells a client that may be admitted by its redirect URIs. */
  readonly mayRedirectTo: RedirectUriPolicy
  readonly mode: 'strict' | 'permissive' | undefined
  readonly iss: boolean
  /** Seconds. */
  readonly tokenLifetime: number | undefined
  readonly role: string
  /** Whether `--role` gave that name; otherwise the role may have another one. */
  readonly isRoleNamed: boolean
  readonly defaultRole: boolean
  readonly organization: string | undefined
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

/** Lifetime of the access tokens of an API that this system makes, in seconds. */
export const NEW_API_TOKEN_LIFETIME_SECONDS = 3_600

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

/** The description of the role that has the permissions of the tools, by which it is known. */
export function roleDescription(audience: string): string {
  return `Every permission of the tools at ${audience}`
}

/** The state to reach. Makes no call. */
export function desiredState(config: ProvisionConfig, options: DesiredOptions = {}): DesiredState {
  const [secret] = config.LOG_WEBHOOK_SECRET
  const { host } = new URL(config.PUBLIC_URL)
  const { prune = false, iss = false, defaultRole = false, role = `Tools at ${host}` } = options
  return {
    audience: config.audience,
    apiName: `Tools at ${host}`,
    scopes: permissions(config.catalogue),
    connections: [...new Set(config.GOOGLE_CONNECTION_NAME)],
    exchanges: exchanges(config.catalogue),
    exchangeName: `Gateway at ${host}`,
    logStream: {
      name: `log-webhook at ${host}`,
      endpoint: `${config.PUBLIC_URL}${LOG_WEBHOOK_PATH}`,
      authorization: `Bearer ${secret}`,
      equivalents: [`Bearer ${secret}`, secret],
    },
    deletesForeignClients: config.DCR_POLICY === 'enforce',
    admitsClients: config.DCR_POLICY !== 'observe',
    thirdPartyAccess: config.THIRD_PARTY_ACCESS,
    isCurated: config.AUTH_SERVER_METADATA === 'curated',
    mayRedirectTo: config.mayRedirectTo,
    mode: options.mode,
    iss,
    tokenLifetime: options.tokenLifetime,
    role,
    isRoleNamed: options.role !== undefined,
    defaultRole,
    organization: options.organization,
    prune,
    cimd: options.cimd,
    predefined: options.predefined,
  }
}

/** Each scope with the names of the tools that need it. */
export function permissions(catalogue: Catalogue): readonly Permission[] {
  const tools = new Map<string, string[]>()
  for (const { name, scopes } of catalogue.values()) {
    for (const scope of scopes) tools.set(scope, [...(tools.get(scope) ?? []), name])
  }
  return [...tools]
    .map(([value, names]) => ({ value, description: describe(names) }))
    .sort((one, other) => (one.value < other.value ? -1 : 1))
}

/** What the tools exchange tokens for, sorted by audience. */
export function exchanges(catalogue: Catalogue): readonly Exchange[] {
  const found = new Map<string, Exchange>()
  for (const { name, backendAuth } of catalogue.values()) {
    if (backendAuth?.type !== 'on_behalf_of') continue
    const { audience, scopes } = backendAuth
    const before = found.get(audience) ?? { audience, scopes: [], tools: [] }
    const all =
      scopes.length === 0 || before.scopes === undefined
        ? undefined
        : [...new Set([...before.scopes, ...scopes])].sort()
    found.set(audience, { audience, scopes: all, tools: [...before.tools, name] })
  }
  return [...found.values()].sort((one, other) => (one.audience < other.audience ? -1 : 1))
}

function describe(tools: readonly string[]): string {
  const text = `Tools: ${tools.join(', ')}`
  return text.length <= MAX_DESCRIPTION_CHARACTERS
    ? text
    : `${text.slice(0, MAX_DESCRIPTION_CHARACTERS - 1)}…`
}
