import type { z } from 'zod'
import { TenantError } from './http.ts'

/** One request to the Management API, read. */
export interface ApiCall {
  /** The path's `{id}`. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: object
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: RegExp
  /** Of success; 200 unless said otherwise. */
  readonly status?: 201 | 204
  /** How the log stream calls it; reading is not logged. */
  readonly description?: string
  /** @throws TenantError */
  readonly answer: (call: ApiCall) => object | undefined
}

/** A list in one of Auth0's forms, after what `take`, `from` and `include_totals` ask for. */
export type Listed<Item, Member extends string> =
  | Item[]
  | ({ [Name in Member]: Item[] } & {
      next?: string
      start?: number
      limit?: number
      total?: number
    })

const MAX_PAGE = 100

/** @throws TenantError 400 for what Auth0 would refuse, `additionalProperties` among it. */
export function parseBody<Body>(schema: z.ZodType<Body>, body: object): Body {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
  throw new TenantError(400, 'invalid_body', `Payload validation error: '${faults.join('; ')}'.`)
}

/** @throws TenantError 404 */
export function found<T>(value: T | undefined, errorCode: string, what: string): T {
  if (value === undefined) throw new TenantError(404, errorCode, `The ${what} does not exist`)
  return value
}

/**
 * A page of a list: `from` and `take`, or `page` and `per_page`.
 *
 * @throws TenantError 400 for a page of more than 100.
 */
export function listed<Item, Member extends string>(
  items: readonly Item[],
  query: URLSearchParams,
  member: Member,
): Listed<Item, Member> {
  const limit = Number(query.get('take') ?? query.get('per_page') ?? 50)
  const start = Number(query.get('from') ?? Number(query.get('page') ?? 0) * limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE || !Number.isInteger(start)) {
    throw new TenantError(400, 'invalid_query_string', `Query validation error: 1 to ${MAX_PAGE}.`)
  }
  const part = items.slice(start, start + limit)
  const named = { [member]: part } as { [Name in Member]: Item[] }
  if (query.has('take') || query.has('from')) {
    const hasMore = start + limit < items.length
    return { ...named, ...(hasMore && { next: String(start + limit) }) }
  }
  const withTotals = query.get('include_totals') === 'true'
  return withTotals ? { ...named, start, limit, total: items.length } : part
}
