import type { RateLimiterRes } from 'rate-limiter-flexible'
import { lazily } from '../../shared/lazily.ts'
import type { Registrant } from './registrant.ts'

/** Limits the registrations on one instance. */
export interface RegistrationLimit {
  /**
   * Counts one registration. Resolves to undefined if it is allowed, otherwise to the seconds to
   * wait, at least 1.
   */
  readonly take: (registrant: Registrant) => Promise<number | undefined>
  /** Removes one registration from the common count. Call it if no client was created. */
  readonly giveBack: () => Promise<void>
}

// Auth0 accepts 5 registrations per second, and one admission makes 5 to 8 Management API calls.
/**
 * For all peers together: twice the limit of one peer, so that one peer cannot lock out the others.
 */
const ALL = { points: 40, duration: 20 }
const PEER_RATE = { points: 1, duration: 1 }
const PEER_BURST = { points: 19, duration: 60 }
/** For one client behind a peer: half of the burst of the peer. */
const CLIENT = { points: 10, duration: 20 }
const ALL_KEY = 'all'

type Consume = (key: string) => Promise<unknown>

/**
 * Creates limits per client, per peer and for all. A registration that one limit refuses does not
 * count against the next one.
 */
export function createRegistrationLimit(): RegistrationLimit {
  const limiters = lazily(createLimiters)
  return {
    take: async ({ peer, client }) => {
      const { ofClient, ofPeer, ofAll } = await limiters()
      const wait =
        (client === undefined ? undefined : await consume(ofClient, `${peer} ${client}`)) ??
        (await consume(ofPeer, peer)) ??
        (await consume((key) => ofAll.consume(key), ALL_KEY))
      return wait
    },
    giveBack: async () => {
      await (await limiters()).ofAll.reward(ALL_KEY)
    },
  }
}

/**
 * Loads the package at the first registration. Uses `default`, where a bundle puts the exports of a
 * CommonJS module.
 */
async function createLimiters() {
  const { BurstyRateLimiter, RateLimiterMemory } = (await import('rate-limiter-flexible')).default
  const ofClient = new RateLimiterMemory({ ...CLIENT, keyPrefix: 'client' })
  const rate = new RateLimiterMemory({ ...PEER_RATE, keyPrefix: 'peer' })
  const burst = new RateLimiterMemory({ ...PEER_BURST, keyPrefix: 'burst' })
  const ofPeer = new BurstyRateLimiter(rate, burst)
  return {
    ofClient: (key: string) => ofClient.consume(key),
    ofPeer: (key: string) => ofPeer.consume(key),
    ofAll: new RateLimiterMemory(ALL),
  }
}

/** Returns the seconds to wait if the limit is exceeded, otherwise undefined. */
async function consume(limiter: Consume, key: string): Promise<number | undefined> {
  try {
    await limiter(key)
    return undefined
  } catch (refusal) {
    if (!isExceeded(refusal)) throw refusal
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000))
  }
}

/** Checks the shape, because importing the class would load the package. */
function isExceeded(value: unknown): value is RateLimiterRes {
  return typeof value === 'object' && value !== null && 'msBeforeNext' in value
}
