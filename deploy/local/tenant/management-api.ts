import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { readJson, sendJson, TenantError } from './http.ts'
import type { LogStream } from './log-stream.ts'
import { clientRoutes } from './management-clients.ts'
import { connectionRoutes } from './management-connections.ts'
import { grantRoutes } from './management-grants.ts'
import type { ApiCall, Route } from './management-route.ts'
import { tenantRoutes } from './management-tenant.ts'
import type { ManagementTokens } from './management-token.ts'
import type { TenantState } from './state.ts'

interface ApiAnswer {
  readonly status: number
  readonly value?: unknown
}

const PREFIX = '/api/v2'
const CALLS_PER_SECOND = 50

/** Auth0's Management API v2, as far as this system calls it, with Auth0's rate limit fields. */
export function createManagementApi(
  state: TenantState,
  tokens: ManagementTokens,
  logStream: LogStream,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const routes: readonly Route[] = [
    ...clientRoutes(state),
    ...connectionRoutes(state),
    ...grantRoutes(state),
    ...tenantRoutes(state, logStream),
  ]
  const limit = createLimit()

  const answer = async (req: IncomingMessage): Promise<ApiAnswer> => {
    const url = new URL(req.url ?? '/', state.issuer)
    const path = url.pathname.slice(PREFIX.length)
    const matching = routes.filter((route) => route.path.test(path))
    const route = matching.find(({ method }) => method === req.method)
    if (route === undefined) throw new TenantError(404, 'not_found', 'Not Found')
    const call: ApiCall = {
      id: decodeURIComponent(route.path.exec(path)?.[1] ?? ''),
      query: url.searchParams,
      body: ['POST', 'PATCH'].includes(route.method) ? await readJson(req) : {},
    }
    const value = route.answer(call)
    const status = route.status ?? 200
    if (route.description !== undefined) {
      logStream.emit({
        type: 'sapi',
        description: route.description,
        client_id: state.management.clientId,
        ip: req.socket.remoteAddress,
        user_agent: req.headers['user-agent'],
        details: {
          request: { method: route.method.toLowerCase(), path: url.pathname, body: call.body },
          response: { statusCode: status, body: withoutSecret(value) },
        },
      })
    }
    return { status, value }
  }

  return async (req, res) => {
    const { isOver, headers } = limit()
    try {
      tokens.check(req)
      if (isOver) throw new TenantError(429, 'too_many_requests', 'Global limit has been reached')
      const { status, value } = await answer(req)
      sendJson(res, status, value, headers)
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      const { status: statusCode, errorCode, message } = error
      const body = { statusCode, error: STATUS_CODES[statusCode], message, errorCode }
      sendJson(res, statusCode, body, headers)
    }
  }
}

/** Counts a call, and tells Auth0's rate limit fields for its answer. */
function createLimit() {
  let second = 0
  let calls = 0
  return () => {
    const now = Math.floor(Date.now() / 1000)
    calls = now === second ? calls + 1 : 1
    second = now
    const headers = {
      'x-ratelimit-limit': String(CALLS_PER_SECOND),
      'x-ratelimit-remaining': String(Math.max(0, CALLS_PER_SECOND - calls)),
      'x-ratelimit-reset': String(now + 1),
    }
    return { isOver: calls > CALLS_PER_SECOND, headers }
  }
}

function withoutSecret(value: unknown): unknown {
  return value !== null && typeof value === 'object' ? { ...value, client_secret: undefined } : {}
}
