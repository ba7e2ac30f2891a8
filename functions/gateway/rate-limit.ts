import { hash } from 'node:crypto'
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { ToolDefinition } from '../../shared/tools.ts'
import type { Caller } from './authenticator.ts'

/**
 * Counts tool calls against all limits that apply to them. An undefined tool counts only against
 * the limit for all tools. Returns the header fields with the remaining quota
 * (draft-ietf-httpapi-ratelimit-headers), and no fields if no limit applies.
 *
 * @throws HttpError 429 with Retry-After if a limit is exceeded. The calls are counted in that
 * case, too.
 */
export type RateLimit = (
  caller: Caller | undefined,
  calls: readonly (ToolDefinition | undefined)[],
) => Promise<Readonly<Record<string, string>>>

export interface RateLimitOptions {
  /** Calls per minute of one user, for all tools together. */
  readonly perMinute: number | undefined
  /** Calls per minute of all anonymous callers and all tools together. */
  readonly anonymousPerMinute: number | undefined
  /**
   * The Redis server in which all instances count; if undefined, each instance counts for itself.
   */
  readonly redisUrl: string | undefined
  readonly log: Log
}

/** One limit and the calls that count against it. */
interface Count {
  readonly policy: string
  readonly perMinute: number
  readonly key: string
  readonly calls: number
}

type OpenLimiter = (perMinute: number) => RateLimiterAbstract

const MINUTE_SECONDS = 60
const REDIS_TIMEOUT_MS = 500
const LOG_INTERVAL_MS = 60_000
/** The key for all callers without a token. */
const ANONYMOUS = 'anonymous'

/**
 * Creates limits with windows of one minute. If Redis returns no count or an impossible one, the
 * calls pass, and an error is logged at most once a minute.
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { log } = options
  let opening: Promise<OpenLimiter> | undefined
  let nextLogAt = 0

  const logUnavailable = (reason: string) => {
    if (Date.now() < nextLogAt) return
    nextLogAt = Date.now() + LOG_INTERVAL_MS
    log.error('rate_limit_unavailable', { reason })
  }

  return async (caller, calls) => {
    const counts = countsOf(caller, calls, options)
    if (counts.length === 0) return {}
    // Not covered by the Redis fallback: a limiter that cannot be created is a bug.
    opening ??= openLimiters(options.redisUrl)
    const limiterOf = await opening
    const states = await Promise.all(
      counts.map(async (count) => {
        const state = await consume(limiterOf(count.perMinute), count)
        if (typeof state === 'object') return [{ ...state, count }]
        logUnavailable(state)
        return []
      }),
    )
    const known = states.flat()
    if (known.length === 0) return {}
    const fields = {
      'ratelimit-policy': known.map(({ count }) => policyOf(count)).join(', '),
      ratelimit: known
        .map(({ count, left, seconds }) => `"${count.policy}";r=${left};t=${seconds}`)
        .join(', '),
    }
    const waits = known.flatMap(({ isExceeded, seconds }) => (isExceeded ? [seconds] : []))
    if (waits.length > 0) throw tooMany(Math.max(...waits), fields)
    return fields
  }
}

function countsOf(
  caller: Caller | undefined,
  calls: readonly (ToolDefinition | undefined)[],
  { perMinute, anonymousPerMinute }: RateLimitOptions,
): Count[] {
  const user = caller === undefined ? ANONYMOUS : keyOf(caller.subject)
  const all = caller === undefined ? anonymousPerMinute : perMinute
  const counts: Count[] =
    all === undefined || calls.length === 0
      ? []
      : [{ policy: 'calls', perMinute: all, key: user, calls: calls.length }]
  for (const tool of new Set(calls)) {
    if (tool?.rateLimit === undefined) continue
    const { perMinute: max, per } = tool.rateLimit
    const key = `tool:${tool.name}:${per === 'all' ? 'all' : user}`
    const ofTool = calls.filter((other) => other === tool).length
    counts.push({ policy: tool.name, perMinute: max, key, calls: ofTool })
  }
  return counts
}

/** Returns the state of the count, or the reason why it is unknown. */
async function consume(limiter: RateLimiterAbstract, { key, calls, perMinute }: Count) {
  let isExceeded = false
  let state: unknown
  try {
    state = await limiter.consume(key, calls)
  } catch (refusal) {
    if (!isState(refusal)) return 'redis_failed'
    isExceeded = true
    state = refusal
  }
  if (!isState(state)) return 'redis_count'
  const { remainingPoints: left, msBeforeNext: wait } = state
  // Another program may have written to the key.
  const isSane = left >= 0 && left <= perMinute && wait >= 0 && wait <= MINUTE_SECONDS * 1_000
  if (!isSane) return 'redis_count'
  return { isExceeded, left, seconds: Math.max(1, Math.ceil(wait / 1_000)) }
}

/** Checks the shape, because importing the class would load the package. */
function isState(value: unknown): value is RateLimiterRes {
  return typeof value === 'object' && value !== null && 'msBeforeNext' in value
}

/**
 * Loads the packages here, so that a gateway without limits does not load them. Uses `default`,
 * where a bundle puts the exports of a CommonJS module.
 */
async function openLimiters(redisUrl: string | undefined): Promise<OpenLimiter> {
  const { RateLimiterMemory, RateLimiterRedis } = (await import('rate-limiter-flexible')).default
  const windowOf = (points: number) => ({ points, duration: MINUTE_SECONDS })
  if (redisUrl === undefined) return memoize((points) => new RateLimiterMemory(windowOf(points)))
  const { Redis } = (await import('ioredis')).default
  const storeClient = new Redis(redisUrl, {
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
  })
  // Failed calls are logged elsewhere. Without a listener, ioredis prints errors.
  storeClient.on('error', () => undefined)
  await storeClient.connect().catch(() => undefined)
  const redisOptions = { storeClient, keyPrefix: 'gateway', rejectIfRedisNotReady: true }
  return memoize((points) => new RateLimiterRedis({ ...windowOf(points), ...redisOptions }))
}

/** Creates one limiter per quota. Limits with the same quota use different keys. */
function memoize(open: OpenLimiter): OpenLimiter {
  const limiters = new Map<number, RateLimiterAbstract>()
  return (perMinute) => {
    const limiter = limiters.get(perMinute) ?? open(perMinute)
    limiters.set(perMinute, limiter)
    return limiter
  }
}

/** Hashes the subject, which may be personal data. Redis only needs to distinguish subjects. */
function keyOf(subject: string): string {
  return hash('sha256', subject, 'base64url')
}

function policyOf({ policy, perMinute }: Count): string {
  return `"${policy}";q=${perMinute};w=${MINUTE_SECONDS}`
}

function tooMany(retryAfterSeconds: number, fields: Readonly<Record<string, string>>): HttpError {
  return new HttpError(429, 'rate_limited', `Too many calls: wait ${retryAfterSeconds} s.`, {
    headers: { ...fields, 'retry-after': String(retryAfterSeconds) },
    reason: 'rate_limited',
  })
}
