import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/oauth/protected-resource.ts'
import type { Catalogue } from '../../shared/tools.ts'
import type { ProvisionConfig } from './config.ts'

/** Command-line options that extend the state described by the environment. */
export interface DesiredOptions {
  /** Remove scopes that are not in the catalogue. */
  readonly prune?: boolean
  /** URL of a Client ID Metadata Document to import as a client. */
  readonly cimd?: string | undefined
  /** Redirect URI of the predefined first-party client. */
  readonly predefined?: string | undefined
  /** The mode of dynamic client registration; undefined = unchanged. */
  readonly mode?: 'strict' | 'permissive' | undefined
  /** Turn on `iss` in authorization responses (RFC 9207). */
  readonly iss?: boolean
  /** Lifetime of the API's access tokens in seconds; undefined = unchanged. */
  readonly tokenLifetime?: number | undefined
  /** Name of the role with every permission of the tools. */
  readonly role?: string | undefined
  /** Show how to assign that role to each new user. */
  readonly defaultRole?: boolean
  /** Id of an organization whose members may sign in through third-party clients. */
  readonly organization?: string | undefined
}

/** A scope of the API. */
export interface Permission {
  readonly value: string
  /** For the dashboard. Auth0's consent page shows scope names unless a tenant flag says otherwise. */
  readonly description: string
}

/** A backend's API, for which the gateway exchanges users' access tokens. */
export interface TokenExchange {
  readonly audience: string
  /** Sorted; undefined = all scopes of the API, because a tool names none. */
  readonly scopes: readonly string[] | undefined
  /** Names of the tools. */
  readonly tools: readonly string[]
}

/** The tenant state that this system requires. */
export interface DesiredState {
  readonly audience: string
  /** Name of the API, if it has to be created. */
  readonly apiName: string
  /** One permission per scope of the catalogue, sorted. */
  readonly scopes: readonly Permission[]
  readonly connections: readonly string[]
  /** One for each audience of `backendAuth` `on_behalf_of`. */
  readonly exchanges: readonly TokenExchange[]
  /** Name of the client that exchanges tokens, if it has to be created. */
  readonly exchangeName: string
  readonly logStream: DesiredLogStream
  /** Whether log-webhook deletes registered clients whose redirect URIs no pattern matches. */
  readonly deletesForeignClients: boolean
  /** Whether this system admits clients that register; false = it only observes them. */
  readonly admitsClients: boolean
  /** `admitted`: each client needs its own grant. `open`: a default grant covers every third-party client. */
  readonly thirdPartyAccess: 'admitted' | 'open'
  /** Whether the deployment registers and admits clients itself (`AUTH_SERVER_METADATA=curated`). */
  readonly isCurated: boolean
  /** Whether a client with these redirect URIs may be admitted. */
  readonly mayRedirectTo: RedirectUriPolicy
  readonly mode: 'strict' | 'permissive' | undefined
  readonly iss: boolean
  /** Seconds. */
  readonly tokenLifetime: number | undefined
  readonly role: string
  /** Whether `--role` set the name; if not, the role may have another name. */
  readonly isRoleNamed: boolean
  readonly defaultRole: boolean
  readonly organization: string | undefined
  readonly prune: boolean
  readonly cimd: string | undefined
  readonly predefined: string | undefined
}

export interface DesiredLogStream {
  /** Its name, if it has to be created. */
  readonly name: string
  readonly endpoint: string
  /** The whole Authorization field: a secret. */
  readonly authorization: string
  /** The values that log-webhook accepts as equal: with and without `Bearer`. */
  readonly equivalents: readonly string[]
}

/**
 * The API's settings. The gateway accepts only RS256. `enforce_policies` turns on RBAC; without it every
 * user gets every scope. The dialect adds `permissions` to the token, which restrict `scope`. Without
 * offline access a connection ends when its first access token expires.
 */
export const API_SETTINGS = {
  signing_alg: 'RS256',
  enforce_policies: true,
  token_dialect: 'rfc9068_profile_authz',
  allow_offline_access: true,
} as const satisfies Auth0.UpdateResourceServerRequestContent

/** Access token lifetime of an API that this system creates, in seconds. */
export const NEW_API_TOKEN_LIFETIME_SECONDS = 3_600

/** The log stream's delivery format. */
export const LOG_STREAM_FORMAT = {
  httpContentFormat: 'JSONARRAY',
  httpContentType: 'application/json',
} as const satisfies Partial<Auth0.LogStreamHttpSink>

/** Registrations are `sapi` events, which belong to this category. */
export const LOG_STREAM_FILTER = {
  type: 'category',
  name: 'management.success',
} as const satisfies Auth0.LogStreamFilter

// Auth0 rejects longer descriptions of permissions.
const MAX_DESCRIPTION_CHARACTERS = 500

/** Returns the description that identifies the role with the permissions of the tools. */
export function roleDescription(audience: string): string {
  return `Every permission of the tools at ${audience}`
}

/** Returns the required tenant state. Sends no request. */
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

/** Returns each scope with the names of the tools that require it. */
export function permissions(catalogue: Catalogue): readonly Permission[] {
  const tools = new Map<string, string[]>()
  for (const { name, scopes } of catalogue.values()) {
    for (const scope of scopes) tools.set(scope, [...(tools.get(scope) ?? []), name])
  }
  return [...tools]
    .map(([value, names]) => ({ value, description: describe(names) }))
    .sort((one, other) => (one.value < other.value ? -1 : 1))
}

/** Returns the token exchanges that the tools require, sorted by audience. */
export function exchanges(catalogue: Catalogue): readonly TokenExchange[] {
  const found = new Map<string, TokenExchange>()
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
