import type { z } from 'zod'
import { TenantError } from '../http.ts'
import type { ManagementScope } from './scopes.ts'

/** One parsed request to the Management API. */
export interface ApiCall {
  /** The `:id` in the path, or an empty string. */
  readonly id: string
  /** The `:otherId` in the path, or an empty string. */
  readonly otherId: string
  readonly query: URLSearchParams
  readonly body: object
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path below `/api/v2`, with `:id` and `:otherId`. */
  readonly path: string
  /** One of these scopes is required. */
  readonly scopes: readonly [ManagementScope, ...ManagementScope[]]
  /** The allowed query parameters. */
  readonly query?: readonly string[]
  /** The status of a successful response; 200 by default. */
  readonly status?: 201 | 202 | 204 | ((call: ApiCall) => 200 | 201)
  /** Overrides whether a request has a body; by default only POST and PATCH have one. */
  readonly hasBody?: boolean
  /** The description in the log; undefined for reads, which are not logged. */
  readonly description?: string
  /** @throws TenantError */
  readonly answer: (call: ApiCall) => object | undefined | Promise<object>
}

/** A schema for each member of a body type of the `auth0` package. */
export type Schemas<Body> = { readonly [Name in keyof Body]?: z.ZodType<Body[Name] | undefined> }

/**
 * Parses a body.
 *
 * @throws TenantError 400 for a body that Auth0 refuses, also for additional properties.
 */
export function parseBody<Body>(schema: z.ZodType<Body>, body: object): Body {
  const parsed = schema.safeParse(body, { reportInput: true })
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(describe)
  throw new TenantError(400, 'invalid_body', `Payload validation error: '${faults.join('; ')}'.`)
}

/** Returns the message that Auth0 sends for an issue. */
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

/** Checks the names of query parameters. @throws TenantError 400 for an unknown parameter. */
export function checkQuery({ query: known = [] }: Route, query: URLSearchParams): void {
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const message = `Query validation error: 'Additional properties not allowed: ${unknown.join(',')}'.`
  throw new TenantError(400, 'invalid_query_string', message)
}

/** Returns the entity. @throws TenantError 404 if it is undefined. */
export function found<T>(value: T | undefined, errorCode: string, what: string): T {
  if (value === undefined) throw new TenantError(404, errorCode, `The ${what} does not exist`)
  return value
}
