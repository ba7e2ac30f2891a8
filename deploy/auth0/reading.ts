import { isTokenFailure } from '../../shared/auth0/admission-error.ts'
import type { ManagementScope } from '../kit/management-scopes.ts'

/** One part of the tenant: what was read, or why it could not be read. */
export type Reading<Value> = { readonly value: Value } | { readonly failure: ReadFailure }

export interface ReadFailure extends Failure {
  /** The Management scope that the reading needs. */
  readonly scope: ManagementScope
}

export interface Failure {
  /** `no-token` and `unreachable` are true of every call, the others of this one. */
  readonly kind: 'scope-missing' | 'no-token' | 'unreachable' | 'failed'
  /** For people. Auth0 may quote what it was sent: whoever prints it takes the secrets out. */
  readonly message: string
  /** Of the answer, where it is neither about a token nor about a scope. */
  readonly status?: number
}

/** Reads one part of the tenant; nothing that Auth0 answers makes it throw. */
export type Read<Scope extends ManagementScope = ManagementScope> = <Value>(
  scope: Scope,
  run: () => PromiseLike<Value>,
) => Promise<Reading<Value>>

/** A reader that stops asking once Auth0 gives no token or does not answer at all. */
export function createReader<Scope extends ManagementScope = ManagementScope>(): Read<Scope> {
  let hopeless: Failure | undefined
  return async (scope, run) => {
    if (hopeless !== undefined) return { failure: { ...hopeless, scope } }
    try {
      return { value: await run() }
    } catch (error) {
      const failure = explainFailure(error)
      if (failure.kind === 'no-token' || failure.kind === 'unreachable') hopeless = failure
      return { failure: { ...failure, scope } }
    }
  }
}

/**
 * What to tell people of a call that failed: Auth0's own message at most, never its whole answer.
 *
 * @throws what is no failure of a call.
 */
export function explainFailure(error: unknown): Failure {
  if (!(error instanceof Error)) throw error
  const status = member(error, 'statusCode')
  if (typeof status !== 'number' && !isOfTransport(error)) throw error
  const answer = typeof status === 'number' ? `answered ${status}` : unanswered(error)
  if (isTokenFailure(error)) {
    const message = `Auth0 gave no Management API token (${answer}): check MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET, and that this application is authorized for the Management API`
    return { kind: 'no-token', message }
  }
  if (typeof status !== 'number') {
    return { kind: 'unreachable', message: `Auth0 at MGMT_DOMAIN ${answer}` }
  }
  const body = member(error, 'body')
  const said = member(body, 'message')
  const detail = typeof said === 'string' ? `: ${said}` : ''
  if (status === 403 && isAboutScopes(member(body, 'errorCode'), detail)) {
    return { kind: 'scope-missing', message: `Auth0 ${answer}${detail}` }
  }
  const advice = ADVICE[status]
  const message = `Auth0 ${answer}${detail}${advice === undefined ? '' : ` (${advice})`}`
  return { kind: 'failed', message, status }
}

/** A 403 may also be about the tenant's plan; one that says nothing is taken for a missing scope. */
function isAboutScopes(code: unknown, detail: string): boolean {
  if (code !== undefined) return code === 'insufficient_scope'
  return detail === '' || /scope/i.test(detail)
}

const PLAN = "the tenant's plan may not include it: see its limits in the dashboard"
const ADVICE: Readonly<Record<number, string>> = {
  402: PLAN,
  403: PLAN,
  409: 'it was made meanwhile',
  429: 'wait a minute, and let no other command run',
}

/** Of the package (which names its errors so), of a time-out, of `fetch` itself. */
function isOfTransport({ name, message }: Error): boolean {
  return /^Management|^AbortError$|^TimeoutError$/.test(name) || message === 'fetch failed'
}

function unanswered(error: Error): string {
  return /timeout/i.test(error.name) ? 'did not answer in time' : 'could not be reached'
}

function member(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined
}
