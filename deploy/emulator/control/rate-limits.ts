import { STATUS_CODES } from 'node:http'
import { StagedError, TenantError } from '../http.ts'
import type { TenantState } from '../state.ts'
import type { Faults } from './faults.ts'

const GLOBAL_LIMIT = 'Global limit has been reached'
/** Auth0's limit. */
const REGISTRATIONS_PER_SECOND = 5

/** Auth0's rate limit fields for a response, and the refusal of the call, if any. */
export interface Limited {
  readonly headers: Readonly<Record<string, string>>
  readonly refusal: TenantError | undefined
}

/** Limits the calls of the Management API. Injected limits take precedence over the configured rate. */
export function createManagementLimit(state: TenantState): () => Limited {
  const count = countPerSecond()
  return () => {
    const calls = count()
    const staged = takeRateLimit(state, 'management')
    const { callsPerSecond } = state.faults.management
    if (staged !== undefined) return tooMany(GLOBAL_LIMIT, callsPerSecond, staged)
    const left = callsPerSecond - calls
    if (left < 0) return tooMany(GLOBAL_LIMIT, callsPerSecond, 1)
    return { headers: rateLimitFields(callsPerSecond, left, 1), refusal: takeFailure(state) }
  }
}

/** Limits the registrations. Without an injected limit, all are allowed. */
export function createRegistrationLimit(state: TenantState): () => Limited {
  const count = countPerSecond()
  return () => {
    const calls = count()
    const staged = takeRateLimit(state, 'registration')
    const { perSecond } = state.faults.registration
    const isOver = perSecond !== null && calls > perSecond
    if (staged === undefined && !isOver) return { headers: {}, refusal: undefined }
    return tooMany('Too many registrations', perSecond ?? REGISTRATIONS_PER_SECOND, staged ?? 1)
  }
}

/** Returns a counter of the calls in the current second, including the current call. */
function countPerSecond(): () => number {
  let second = 0
  let count = 0
  return () => {
    const now = Math.floor(Date.now() / 1000)
    count = now === second ? count + 1 : 1
    second = now
    return count
  }
}

function tooMany(message: string, limit: number, retryAfterSeconds: number): Limited {
  return {
    headers: {
      ...rateLimitFields(limit, 0, retryAfterSeconds),
      'retry-after': String(retryAfterSeconds),
    },
    refusal: new TenantError(429, 'too_many_requests', message),
  }
}

function rateLimitFields(limit: number, remaining: number, resetSeconds: number) {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + resetSeconds),
  }
}

/** Returns the seconds to wait if the injected limit has refusals left; otherwise undefined. */
function takeRateLimit(state: TenantState, of: 'management' | 'registration'): number | undefined {
  const { rateLimit } = state.faults[of]
  if (rateLimit === null || rateLimit.times === 0) return undefined
  const left = { ...rateLimit, times: rateLimit.times - 1 }
  state.faults = withMember(state.faults, of, { rateLimit: left })
  return rateLimit.retryAfterSeconds
}

function takeFailure(state: TenantState): TenantError | undefined {
  const { failAfter } = state.faults.management
  if (failAfter === null) return undefined
  const { calls, status } = failAfter
  if (calls === 0)
    return new StagedError(status, 'staged_failure', STATUS_CODES[status] ?? 'Failed')
  const left = { calls: calls - 1, status }
  state.faults = withMember(state.faults, 'management', { failAfter: left })
  return undefined
}

function withMember<Of extends 'management' | 'registration'>(
  faults: Faults,
  of: Of,
  changes: Partial<Faults[Of]>,
): Faults {
  return { ...faults, [of]: { ...faults[of], ...changes } }
}
