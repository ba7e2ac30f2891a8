import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopback } from '../../../shared/config.ts'
import { readJson, sendJson, TenantError } from '../http.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import { heldBy, permissionsOf } from '../oauth/permissions.ts'
import type { SecurityMode, TenantState } from '../state.ts'
import { parseChange } from './control-change.ts'
import { changeFaults, given } from './faults.ts'
import { changeTraits } from './traits.ts'

export interface ControlOptions {
  readonly state: TenantState
  readonly log: TenantLog
  readonly rotateKeys: () => Promise<void>
  /** Resets the tenant to its initial state, or with `true` to a new Auth0 tenant. */
  readonly reset: (empty: true | undefined) => void
  /** The number of Management API calls and of issued Management API tokens. */
  readonly counts: () => { readonly calls: number; readonly tokens: number }
}

/** `/__tenant`: GET shows the tenant's state, POST changes it and injects faults. */
export function createControl(options: ControlOptions) {
  const { state, log, rotateKeys, reset } = options

  const apply = async (body: unknown) => {
    const { change, traits, faults } = parseChange(body)
    const { reset: isReset, empty, mode, outage, rules, hooks, userPermissions } = change
    const permissions = permissionsOf(state, userPermissions ?? {})
    if (isReset === true || empty === true) reset(empty)
    if (mode !== undefined) changeMode(state, mode)
    state.outage = outage ?? state.outage
    state.rules = rules ?? state.rules
    state.hooks = hooks ?? state.hooks
    for (const [userId, all] of permissions) state.permissions.set(userId, all)
    state.traits = changeTraits(state.traits, traits)
    state.faults = changeFaults(state.faults, faults)
    log.refresh()
    if (change.rotateKeys === true) await rotateKeys()
    const { redeliver, ...settings } = change.logStream ?? {}
    log.change(given(settings))
    if (redeliver === true) log.redeliver()
  }

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      // A web page of another origin must not change the tenant.
      const { origin } = req.headers
      if (origin !== undefined && !isLoopback(hostnameOf(origin))) {
        throw new TenantError(403, 'forbidden', 'This Origin is not allowed here')
      }
      if (req.method === 'POST') await apply(await readJson(req))
      else if (req.method !== 'GET' && req.method !== 'HEAD') {
        res.setHeader('allow', 'GET, HEAD, POST')
        throw new TenantError(405, 'method_not_allowed', 'GET shows the state, POST changes it')
      }
      sendJson(res, 200, show(options))
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      sendJson(res, error.status, { error: error.errorCode, message: error.message })
    }
  }
}

/**
 * Changes the mode and sets all connections to client level. Strict mode uses connections at domain
 * level, through which every permissive client could sign users in without being admitted.
 */
function changeMode(state: TenantState, mode: SecurityMode): void {
  if (mode === state.mode) return
  state.mode = mode
  for (const connection of state.connections.values()) connection.is_domain_connection = false
}

function hostnameOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : ''
}

/** Returns the state without secrets and without the entities of the Management API itself. */
function show({ state, log, counts }: ControlOptions) {
  const { management, settings, faults } = state
  const isOwn = ({ client_id }: { client_id?: string | undefined }) =>
    client_id !== management.clientId
  const [stream] = state.logStreams.values()
  return {
    issuer: state.issuer,
    mode: state.mode,
    outage: state.outage,
    audience: state.audience,
    keys: state.keys.map(({ kid }) => kid),
    users: state.users.map(({ email, userId }) => ({
      email,
      userId,
      permissions: heldBy(state, userId).map(({ permission_name }) => permission_name),
    })),
    clients: [...state.clients.values()]
      .filter(isOwn)
      .map(({ client_secret: _, ...client }) => client),
    connections: [...state.connections.values()].map((connection) => ({
      id: connection.id,
      name: connection.name,
      strategy: connection.strategy,
      is_domain_connection: connection.is_domain_connection,
      enabled_clients: [...connection.enabledClients],
    })),
    clientGrants: [...state.grants.values()].filter(isOwn),
    logStream: { url: stream?.sink.httpEndpoint, ...log.settings(), deliveries: log.deliveries },
    settings,
    resourceServers: [...state.apis.values()]
      .filter(({ is_system }) => is_system !== true)
      .map(({ signing_secret: _, ...api }) => api),
    logStreams: [...state.logStreams.values()].map(({ sink, ...one }) => ({
      ...one,
      sink: { ...sink, httpAuthorization: undefined, httpCustomHeaders: undefined },
    })),
    userGrants: [...state.userGrants.values()].map(({ issued: _, ...grant }) => grant),
    roles: [...state.roles.values()],
    organizations: [...state.organizations.values()].map((organization) => ({
      ...organization,
      connections: Object.fromEntries(organization.connections),
      members: [...organization.members],
    })),
    rules: state.rules,
    hooks: state.hooks,
    traits: state.traits,
    ...faults,
    managementCalls: counts().calls,
    managementTokens: counts().tokens,
  }
}
