import { STATUS_CODES } from 'node:http'
import { StagedError } from '../http.ts'
import type { TenantState } from '../state.ts'

/** What Auth0 calls a fault of each status, where it says nothing closer. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_body',
  401: 'invalid_token',
  403: 'access_denied',
  404: 'not_found',
  409: 'conflict',
  429: 'too_many_requests',
}

/** The failure that is staged for a call, counted as taken; undefined when there is none. */
export function takeStaged(
  state: TenantState,
  method: string,
  path: string,
): StagedError | undefined {
  const { management } = state.faults
  const staged = management.fail.find(
    (one) => one.method === method && one.times !== 0 && matches(one.path, path),
  )
  if (staged === undefined) return undefined
  const { status, times, errorCode = CODES[status] ?? 'internal_error' } = staged
  if (times !== undefined) {
    const fail = management.fail.map((one) => (one === staged ? { ...one, times: times - 1 } : one))
    state.faults = { ...state.faults, management: { ...management, fail } }
  }
  return new StagedError(status, errorCode, staged.message ?? STATUS_CODES[status] ?? 'Failed')
}

/** Part by part; one in braces stands for any. */
function matches(pattern: string, path: string): boolean {
  const parts = path.split('/')
  const wanted = pattern.split('/')
  return (
    parts.length === wanted.length &&
    wanted.every((part, index) => /^\{.*\}$/.test(part) || part === parts[index])
  )
}
