import { STATUS_CODES } from 'node:http'
import { StagedError } from '../http.ts'
import type { TenantState } from '../state.ts'

/** Auth0's general error code for each status. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_body',
  401: 'invalid_token',
  403: 'access_denied',
  404: 'not_found',
  409: 'conflict',
  429: 'too_many_requests',
}

/** Returns the injected failure for a call and counts it; undefined if there is none. */
export function takeStaged(
  state: TenantState,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: object },
): StagedError | undefined {
  const { management } = state.faults
  const staged = management.fail.find(
    (one) =>
      one.method === method &&
      one.times !== 0 &&
      matches(one.path, path) &&
      (one.member === undefined || one.member in body),
  )
  if (staged === undefined) return undefined
  const { status, times, errorCode = CODES[status] ?? 'internal_error' } = staged
  if (times !== undefined) {
    const fail = management.fail.map((one) => (one === staged ? { ...one, times: times - 1 } : one))
    state.faults = { ...state.faults, management: { ...management, fail } }
  }
  const message = staged.message ?? STATUS_CODES[status] ?? 'Failed'
  return new StagedError(status, errorCode, message, staged.headers)
}

/**
 * Returns whether the connection breaks before or after this call takes effect; undefined = not at all.
 */
export function takeBreak(state: TenantState): 'before' | 'afterwards' | undefined {
  const { management } = state.faults
  const { breakAfter } = management
  if (breakAfter === null) return undefined
  if (breakAfter.calls === 0) return 'before'
  const calls = breakAfter.calls - 1
  const left = { ...management, breakAfter: { ...breakAfter, calls } }
  state.faults = { ...state.faults, management: left }
  return calls === 0 && breakAfter.losesAnswer ? 'afterwards' : undefined
}

/** Compares paths by segment. A segment in braces matches any segment. */
function matches(pattern: string, path: string): boolean {
  const parts = path.split('/')
  const wanted = pattern.split('/')
  return (
    parts.length === wanted.length &&
    wanted.every((part, index) => /^\{.*\}$/.test(part) || part === parts[index])
  )
}
