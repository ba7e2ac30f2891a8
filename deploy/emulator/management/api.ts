import { channel } from 'node:diagnostics_channel'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { TrieRouter } from 'hono/router/trie-router'
import { createManagementLimit } from '../control/rate-limits.ts'
import { readJson, StagedError, sendJson, TenantError } from '../http.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantState, TenantUserGrant } from '../state.ts'
import { actionRoutes } from './actions.ts'
import { cimdRoutes } from './cimd.ts'
import { clientRoutes } from './clients.ts'
import { connectionRoutes } from './connections.ts'
import { extensibilityRoutes } from './extensibility.ts'
import { grantRoutes } from './grants.ts'
import { logStreamRoutes } from './log-streams.ts'
import { logRoutes } from './logs.ts'
import { organizationRoutes } from './people/organizations.ts'
import { roleRoutes } from './people/roles.ts'
import { userRoutes } from './people/users.ts'
import { apiRoutes } from './resource-servers.ts'
import { type ApiCall, checkQuery, type Route } from './route.ts'
import { settingsRoutes } from './settings.ts'
import { takeBreak, takeStaged } from './staged-failures.ts'
import { grantedScopes, type ManagementTokens } from './token.ts'
import { userGrantRoutes } from './user-grants.ts'

interface ApiAnswer {
  readonly status: number
  readonly value?: unknown
}

export interface ManagementApiOptions {
  readonly state: TenantState
  readonly tokens: ManagementTokens
  readonly log: TenantLog
  /** Revokes the tokens of a user's grant. */
  readonly revoke: (grant: TenantUserGrant) => void
}

export interface ManagementApi {
  readonly handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  /** The number of calls, including failed ones. */
  readonly calls: () => number
}

/** The parts of a request that have been read so far, for the published exchange. */
interface ReadParts {
  /** The method and path of the route, such as `GET /clients/:id`. */
  route?: string
  body?: object
}

const PREFIX = '/api/v2'
/** Publishes every call before it takes effect. */
const requests = channel('auth0-emulator:management-request')
/** Publishes every call with its response, before the response is sent. */
const exchanges = channel('auth0-emulator:management')

/**
 * Creates the part of Auth0's Management API v2 that this system calls, with Auth0's rate limit fields.
 */
export function createManagementApi({
  state,
  tokens,
  log,
  revoke,
}: ManagementApiOptions): ManagementApi {
  const routes: readonly Route[] = [
    ...cimdRoutes(state),
    ...clientRoutes(state),
    ...connectionRoutes(state),
    ...grantRoutes(state),
    ...apiRoutes(state),
    ...settingsRoutes(state),
    ...logStreamRoutes(state, log),
    ...logRoutes(state),
    ...extensibilityRoutes(state),
    ...userGrantRoutes(state, revoke),
    ...roleRoutes(state),
    ...userRoutes(state),
    ...organizationRoutes(state),
    ...actionRoutes(state),
  ]
  const router = new TrieRouter<Route>()
  for (const route of routes) router.add(route.method, route.path, route)
  const limit = createManagementLimit(state)
  let calls = 0

  const answer = async (req: IncomingMessage, parts: ReadParts): Promise<ApiAnswer> => {
    const url = new URL(req.url ?? '/', state.issuer)
    const path = url.pathname.slice(PREFIX.length)
    const [[route, params] = []] = router.match(req.method ?? '', path)[0]
    if (route === undefined) throw new TenantError(404, 'not_found', 'Not Found')
    parts.route = `${route.method} ${route.path}`
    checkScopes(state, route)
    const body = takesBody(route) ? await readJson(req) : {}
    if (takesBody(route)) parts.body = body
    const failure = takeStaged(state, { method: route.method, path, body })
    if (failure !== undefined) throw failure
    checkQuery(route, url.searchParams)
    const call: ApiCall = {
      id: decodeId(params?.['id']),
      otherId: decodeId(params?.['otherId']),
      query: url.searchParams,
      body,
    }
    const status = typeof route.status === 'function' ? route.status(call) : (route.status ?? 200)
    const value = await route.answer(call)
    if (route.description !== undefined) {
      log.emit({
        type: 'sapi',
        description: route.description,
        client_id: state.management.clientId,
        ip: req.socket.remoteAddress,
        user_agent: req.headers['user-agent'],
        details: {
          request: {
            method: route.method.toLowerCase(),
            path: url.pathname,
            body: withoutSecret(call.body),
          },
          response: { statusCode: status, body: withoutSecret(value) },
        },
      })
    }
    return { status, value }
  }

  const handle: ManagementApi['handle'] = async (req, res) => {
    calls += 1
    const parts: ReadParts = {}
    const { pathname, searchParams: query } = new URL(req.url ?? '/', state.issuer)
    const about = { issuer: state.issuer, method: req.method, path: pathname.slice(PREFIX.length) }
    const broken = takeBreak(state)
    if (broken === 'before') return void req.socket.destroy()
    const send = (status: number, value: unknown, staged?: StagedError) => {
      const isStaged = staged !== undefined
      exchanges.publish({ ...about, query, ...parts, status, answer: value, isStaged })
      if (broken === 'afterwards') return void req.socket.destroy()
      sendJson(res, status, value, { ...headers, ...staged?.headers })
    }
    const { refusal, headers } = limit()
    await sleep(state.faults.management.latencyMs)
    requests.publish(about)
    try {
      tokens.check(req)
      if (refusal !== undefined) throw refusal
      const { status, value } = await answer(req, parts)
      send(status, value)
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      const { status: statusCode, errorCode, message } = error
      const body = { statusCode, error: STATUS_CODES[statusCode], message, errorCode }
      send(statusCode, body, error instanceof StagedError ? error : undefined)
    }
  }
  return { handle, calls: () => calls }
}

function takesBody({ method, hasBody }: Route): boolean {
  return hasBody ?? (method === 'POST' || method === 'PATCH')
}

/** @throws TenantError 403 that names the missing scopes. */
function checkScopes(state: TenantState, { scopes }: Route): void {
  const granted = new Set<string>(grantedScopes(state))
  if (scopes.some((scope) => granted.has(scope))) return
  const message = `Insufficient scope, expected any of: ${scopes.join(',')}`
  throw new TenantError(403, 'insufficient_scope', message)
}

/** @throws TenantError 400 for invalid percent-encoding. */
function decodeId(encoded: string | number = ''): string {
  try {
    return decodeURIComponent(String(encoded))
  } catch {
    throw new TenantError(400, 'invalid_uri', 'The path cannot be decoded')
  }
}

/** Returns a body for the log without secrets. The sink of a log stream contains a secret. */
function withoutSecret(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return {}
  return { ...value, client_secret: undefined, signing_secret: undefined, sink: undefined }
}
