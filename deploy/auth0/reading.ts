import { isTokenFailure } from '../../shared/auth0/admission-error.ts'
import type { ManagementScope } from '../kit/management-scopes.ts'

/** One part of the tenant: its value, or why it could not be read. */
export type Reading<Value> = { readonly value: Value } | { readonly failure: ReadFailure }

export interface ReadFailure extends Failure {
  /** The Management scope that the call requires. */
  readonly scope: ManagementScope
}

export interface Failure {
  /** `no-token` and `unreachable` affect every call, the others only this one. */
  readonly kind: 'scope-missing' | 'no-token' | 'unreachable' | 'failed'
  /** For people. Auth0 may quote the request, so the printing code must remove secrets. */
  readonly message: string
  /** HTTP status, if the failure is neither about a token nor about a scope. */
  readonly status?: number
}

/** Reads one part of the tenant; an error response of Auth0 becomes a `failure`. */
export type Read<Scope extends ManagementScope = ManagementScope> = <Value>(
  scope: Scope,
  run: () => PromiseLike<Value>,
) => Promise<Reading<Value>>

/**
 * Creates a reader that sends no more requests after Auth0 refuses a token or does not respond. `domain`
 * is for messages.
 */
export function createReader<Scope extends ManagementScope = ManagementScope>(
  domain?: string,
): Read<Scope> {
  let fatal: Failure | undefined
  return async (scope, run) => {
    if (fatal !== undefined) return { failure: { ...fatal, scope } }
    try {
      return { value: await run() }
    } catch (error) {
      const failure = explainFailure(error, domain)
      if (failure.kind === 'no-token' || failure.kind === 'unreachable') fatal = failure
      return { failure: { ...failure, scope } }
    }
  }
}

/**
 * Explains a failed call to people. Includes Auth0's own message, never the whole response. `domain` is
 * the value of MGMT_DOMAIN.
 *
 * @throws any error that is not a failed call.
 */
export function explainFailure(error: unknown, domain = 'the domain'): Failure {
  if (!(error instanceof Error)) throw error
  const status = member(error, 'statusCode')
  if (typeof status !== 'number' && !isTransportError(error)) throw error
  const answer = typeof status === 'number' ? `responded with ${status}` : noResponse(error)
  if (isTokenFailure(error)) {
    const message = `Auth0 issued no Management API token (${answer}): check MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET, and that this application is authorized for the Management API`
    return { kind: 'no-token', message }
  }
  if (typeof status !== 'number') {
    const message = `Auth0 at ${domain} (MGMT_DOMAIN) ${answer}: check MGMT_DOMAIN, and that this machine can reach https://${domain}/`
    return { kind: 'unreachable', message }
  }
  const body = member(error, 'body')
  const detailMessage = member(body, 'message')
  const detail = typeof detailMessage === 'string' ? `: ${detailMessage}` : ''
  if (status === 403 && isAboutScopes(member(body, 'errorCode'), detail)) {
    return { kind: 'scope-missing', message: `Auth0 ${answer}${detail}` }
  }
  const advice = ADVICE[status]
  const message = `Auth0 ${answer}${detail}${advice === undefined ? '' : ` (${advice})`}`
  return { kind: 'failed', message, status }
}

/** A 403 may also mean that the subscription lacks a feature; one without details counts as a missing scope. */
function isAboutScopes(code: unknown, detail: string): boolean {
  if (code !== undefined) return code === 'insufficient_scope'
  return detail === '' || /scope/i.test(detail)
}

const SUBSCRIPTION_ADVICE =
  "the tenant's Auth0 plan may not include it: see its limits in the dashboard"
const ADVICE: Readonly<Record<number, string>> = {
  402: SUBSCRIPTION_ADVICE,
  403: SUBSCRIPTION_ADVICE,
  409: 'it was created concurrently',
  429: 'wait a minute, and run no other command at the same time',
}

/** An error of the `auth0` package, a timeout, or an error of `fetch`. */
function isTransportError({ name, message }: Error): boolean {
  return /^Management|^AbortError$|^TimeoutError$/.test(name) || message === 'fetch failed'
}

function noResponse(error: Error): string {
  return /timeout/i.test(error.name) ? 'did not respond in time' : 'could not be reached'
}

function member(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined
}
