import { hash } from 'node:crypto'
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { HttpError } from '../../shared/http-error.ts'
import type { Log } from '../../shared/log.ts'
import type { Identity } from './identity.ts'

/**
 * Counts `calls` tool calls of this user, and returns the header fields that tell how many are left
 * (draft-ietf-httpapi-ratelimit-headers). Calls without a user are not counted.
 *
 * @throws HttpError 429 with Retry-After when the user has had as many as a minute allows.
 */
export type RateLimit = (
  identity: Identity,
  calls: number,
) => Promise<Readonly<Record<string, string>>>

export interface RateLimitOptions {
  readonly perMinute: number
  /** The instances' common count; undefined: each instance counts for itself. */
  readonly redisUrl: string | undefined
  readonly log: Log
}

const MINUTE_SECONDS = 60
const REDIS_TIMEOUT_MS = 500
const COMPLAINT_EVERY_MS = 60_000

/** A limit in windows of a minute. While Redis is down calls pass, which is logged once a minute. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { perMinute, log } = options
  const policy = `"calls";q=${perMinute};w=${MINUTE_SECONDS}`
  let limiter: Promise<RateLimiterAbstract> | undefined
  let silentUntil = 0

  const complain = () => {
    if (Date.now() < silentUntil) return
    silentUntil = Date.now() + COMPLAINT_EVERY_MS
    log.error('rate_limit_unavailable')
  }
  const fieldsOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes) => ({
    'ratelimit-policy': policy,
    ratelimit: `"calls";r=${Math.max(remainingPoints, 0)};t=${seconds(msBeforeNext)}`,
  })

  return async (identity, calls) => {
    if (identity === undefined || calls === 0) return {}
    // Not among what Redis being down excuses: a limiter that cannot be made is a bug.
    limiter ??= createLimiter(options)
    const made = await limiter
    try {
      return fieldsOf(await made.consume(keyOf(identity.subject), calls))
    } catch (refusal) {
      if (isExceeded(refusal)) {
        throw tooMany(seconds(refusal.msBeforeNext), fieldsOf(refusal))
      }
      complain()
      return {}
    }
  }
}

/**
 * Both kinds are loaded here, so that a gateway without a limit never pays for them; by `default`,
 * because a bundle has no other name for what a CommonJS module exports.
 */
async function createLimiter({ perMinute, redisUrl }: RateLimitOptions) {
  const { RateLimiterMemory, RateLimiterRedis } = (await import('rate-limiter-flexible')).default
  const window = { points: perMinute, duration: MINUTE_SECONDS }
  if (redisUrl === undefined) return new RateLimiterMemory(window)
  const { Redis } = (await import('ioredis')).default
  const storeClient = new Redis(redisUrl, {
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
  })
  // Each failed call is complained about; without a listener ioredis prints errors.
  storeClient.on('error', () => undefined)
  await storeClient.connect().catch(() => undefined)
  const own = { storeClient, keyPrefix: 'gateway', rejectIfRedisNotReady: true }
  return new RateLimiterRedis({ ...window, ...own })
}

/** Told by shape: the package is not loaded for its class. */
function isExceeded(thrown: unknown): thrown is RateLimiterRes {
  return typeof thrown === 'object' && thrown !== null && 'msBeforeNext' in thrown
}

/** Subjects may be personal data; Redis needs to tell them apart only. */
function keyOf(subject: string): string {
  return hash('sha256', subject, 'base64url')
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000))
}

function tooMany(retryAfterSeconds: number, fields: Readonly<Record<string, string>>): HttpError {
  return new HttpError(429, 'rate_limited', `Too many calls: wait ${retryAfterSeconds} s.`, {
    headers: { ...fields, 'retry-after': String(retryAfterSeconds) },
    reason: 'rate_limited',
  })
}
