import { hash } from 'node:crypto'
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { ToolDefinition } from '../../shared/tools.ts'
import type { Caller } from './authenticator.ts'

/**
 * Counts these tool calls (undefined: of a tool that does not exist) against every limit that they
 * touch, and returns the header fields with the remaining quota
 * (draft-ietf-httpapi-ratelimit-headers); no fields where no limit applies.
 *
 * @throws HttpError 429 with Retry-After when a limit is exceeded; the calls are counted all the same.
 */
export type RateLimit = (
  caller: Caller | undefined,
  calls: readonly (ToolDefinition | undefined)[],
) => Promise<Readonly<Record<string, string>>>

export interface RateLimitOptions {
  /** For all tools together: of one user, and of all calls without a user. */
  readonly perMinute: number | undefined
  readonly anonymousPerMinute: number | undefined
  /** The instances' common count; undefined: each instance counts for itself. */
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
const COMPLAINT_EVERY_MS = 60_000
/** The key for all callers without a token. */
const ANONYMOUS = 'anonymous'

/**
 * Limits in windows of a minute. A count that Redis does not give, or gives in a form that cannot be,
 * lets the calls pass, which is logged once a minute.
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { log } = options
  let opening: Promise<OpenLimiter> | undefined
  let silentUntil = 0

  const complain = (reason: string) => {
    if (Date.now() < silentUntil) return
    silentUntil = Date.now() + COMPLAINT_EVERY_MS
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
        complain(state)
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

/** Where the count stands, or why that is not known. */
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

/** Recognised by shape, so that the package is not loaded for its class. */
function isState(given: unknown): given is RateLimiterRes {
  return typeof given === 'object' && given !== null && 'msBeforeNext' in given
}

/**
 * Both kinds are loaded here, so that a gateway without a limit never pays for them; by `default`,
 * because a bundle has no other name for what a CommonJS module exports.
 */
async function openLimiters(redisUrl: string | undefined): Promise<OpenLimiter> {
  const { RateLimiterMemory, RateLimiterRedis } = (await import('rate-limiter-flexible')).default
  const windowOf = (points: number) => ({ points, duration: MINUTE_SECONDS })
  if (redisUrl === undefined) return kept((points) => new RateLimiterMemory(windowOf(points)))
  const { Redis } = (await import('ioredis')).default
  const storeClient = new Redis(redisUrl, {
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
  })
  // Each failed call is logged; without a listener ioredis prints errors.
  storeClient.on('error', () => undefined)
  await storeClient.connect().catch(() => undefined)
  const own = { storeClient, keyPrefix: 'gateway', rejectIfRedisNotReady: true }
  return kept((points) => new RateLimiterRedis({ ...windowOf(points), ...own }))
}

/** A limiter for each number of calls; the keys of different limits differ. */
function kept(open: OpenLimiter): OpenLimiter {
  const limiters = new Map<number, RateLimiterAbstract>()
  return (perMinute) => {
    const limiter = limiters.get(perMinute) ?? open(perMinute)
    limiters.set(perMinute, limiter)
    return limiter
  }
}

/** Subjects may be personal data; Redis needs to tell them apart only. */
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
