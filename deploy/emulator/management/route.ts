import type { z } from 'zod'
import { TenantError } from '../http.ts'
import type { ManagementScope } from './scopes.ts'

/** One request to the Management API, read. */
export interface ApiCall {
  /** The path's `:id`; empty when it has none. */
  readonly id: string
  /** The path's `:otherId`; empty when it has none. */
  readonly otherId: string
  readonly query: URLSearchParams
  readonly body: object
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/api/v2`, with `:id` and `:otherId`. */
  readonly path: string
  /** Any of them will do. */
  readonly scopes: readonly [ManagementScope, ...ManagementScope[]]
  /** What may stand in the query. */
  readonly query?: readonly string[]
  /** Of success; 200 unless said otherwise. */
  readonly status?: 201 | 202 | 204 | ((call: ApiCall) => 200 | 201)
  /** Whether a body comes with DELETE. */
  readonly hasBody?: boolean
  /** How the log calls it; reading is not logged. */
  readonly description?: string
  /** @throws TenantError */
  readonly answer: (call: ApiCall) => object | undefined | Promise<object>
}

/** A schema for each member of a body that the `auth0` package has a type for. */
export type Schemas<Body> = { readonly [Name in keyof Body]?: z.ZodType<Body[Name] | undefined> }

/** @throws TenantError 400 for what Auth0 would refuse, `additionalProperties` among it. */
export function parseBody<Body>(schema: z.ZodType<Body>, body: object): Body {
  const parsed = schema.safeParse(body, { reportInput: true })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(describe)
  throw new TenantError(400, 'invalid_body', `Payload validation error: '${faults.join('; ')}'.`)
}

/** In Auth0's words. */
function describe(issue: z.core.$ZodIssue): string {
  const property = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return `Additional properties not allowed: ${issue.keys.join(',')}`
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && property !== '') {
    return `Missing required property: ${property}`
  }
  return property === '' ? issue.message : `${issue.message} on property ${property}`
}

/** @throws TenantError 400 for a parameter that the endpoint does not have. */
export function checkQuery({ query: known = [] }: Route, query: URLSearchParams): void {
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const message = `Query validation error: 'Additional properties not allowed: ${unknown.join(',')}'.`
  throw new TenantError(400, 'invalid_query_string', message)
}

/** @throws TenantError 404 */
export function found<T>(value: T | undefined, errorCode: string, what: string): T {
  if (value === undefined) throw new TenantError(404, errorCode, `The ${what} does not exist`)
  return value
}
