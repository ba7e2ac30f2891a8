import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson, sendJson, TenantError } from './http.ts'
import type { LogStream } from './log-stream.ts'
import { clientRoutes } from './management-clients.ts'
import { connectionRoutes } from './management-connections.ts'
import { grantRoutes } from './management-grants.ts'
import { tenantRoutes } from './management-tenant.ts'
import type { ManagementTokens } from './management-token.ts'
import type { TenantState } from './state.ts'

/** One request to the Management API, read. */
export interface ApiCall {
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  /** The body when it is a list. */
  readonly list: readonly unknown[]
}

export interface ApiAnswer {
  readonly status: number
  readonly value?: unknown
}

export type Route = readonly [method: string, path: RegExp, answer: (call: ApiCall) => ApiAnswer]

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
  let second = 0
  let calls = 0

  const limit = (): Record<string, string> => {
    const now = Math.floor(Date.now() / 1000)
    calls = now === second ? calls + 1 : 1
    second = now
    return {
      'x-ratelimit-limit': String(CALLS_PER_SECOND),
      'x-ratelimit-remaining': String(Math.max(0, CALLS_PER_SECOND - calls)),
      'x-ratelimit-reset': String(now + 1),
    }
  }

  const answer = async (req: IncomingMessage): Promise<ApiAnswer> => {
    tokens.check(req)
    if (calls > CALLS_PER_SECOND) {
      throw new TenantError(429, 'too_many_requests', 'Global limit has been reached')
    }
    const url = new URL(req.url ?? '/', state.issuer)
    const path = url.pathname.slice(PREFIX.length)
    for (const [method, pattern, handle] of routes) {
      const match = pattern.exec(path)
      if (method !== req.method || match === null) continue
      const given = ['POST', 'PATCH', 'PUT'].includes(method) ? await readJson(req) : {}
      const found = handle({
        id: decodeURIComponent(match[1] ?? ''),
        query: url.searchParams,
        body: Array.isArray(given) ? {} : { ...(given as object) },
        list: Array.isArray(given) ? given : [],
      })
      if (method !== 'GET') {
        const description = `${method} ${path.split('/')[1]}`
        const details = { request: { method, path: url.pathname } }
        logStream.emit({ type: 'sapi', description, details })
      }
      return found
    }
    throw new TenantError(404, 'not_found', 'Not Found')
  }

  return async (req, res) => {
    const headers = limit()
    try {
      const { status, value } = await answer(req)
      sendJson(res, status, value, headers)
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      const { status: statusCode, errorCode, message } = error
      sendJson(res, statusCode, { statusCode, error: errorCode, message, errorCode }, headers)
    }
  }
}

/** @throws TenantError 400 for a property that Auth0 would refuse. */
export function refuseUnknown(body: ApiCall['body'], known: readonly string[]): void {
  const unknown = Object.keys(body).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  throw new TenantError(
    400,
    'invalid_body',
    `Payload validation error: 'Additional properties not allowed: ${unknown.join(', ')}'.`,
  )
}

/** @throws TenantError 404 */
export function found<T>(value: T | undefined, errorCode: string, what: string): T {
  if (value === undefined) throw new TenantError(404, errorCode, `The ${what} does not exist`)
  return value
}

/** A page of a list, as `page` and `per_page` or `from` and `take` ask for it. */
export function page<T>(values: readonly T[], query: URLSearchParams, member: string) {
  const size = Number(query.get('per_page') ?? query.get('take') ?? 50)
  const start = Number(query.get('from') ?? Number(query.get('page') ?? 0) * size)
  const part = values.slice(start, start + size)
  const next = start + size < values.length ? { next: String(start + size) } : {}
  if (query.has('take') || query.has('from')) return { [member]: part, ...next }
  if (query.get('include_totals') !== 'true') return part
  return { [member]: part, start, limit: size, length: part.length, total: values.length }
}
