import type { RateLimiterRes } from 'rate-limiter-flexible'
import type { Registrant } from './registrant.ts'

/** Counts registrations of one instance. */
export interface RegistrationLimit {
  /** Counts one; returns undefined when it may pass, else the seconds to wait, 1 at least. */
  readonly take: (registrant: Registrant) => Promise<number | undefined>
  /** One that was taken came to nothing: others may have its place. */
  readonly giveBack: () => Promise<void>
}

// Auth0 takes 5 registrations in a second, and an admission is 5 to 8 calls of its Management API.
/** Of all: twice what one peer may have, so that no peer keeps the others out. */
const ALL = { points: 40, duration: 20 }
const PEER_RATE = { points: 1, duration: 1 }
const PEER_BURST = { points: 19, duration: 60 }
/** Of one client behind a peer: half of the peer's burst. */
const CLIENT = { points: 10, duration: 20 }
const EVERYBODY = 'all'

type Consume = (key: string) => Promise<unknown>

/** Limits by client, by peer and for all. A registration that one of them refuses is not counted by the next. */
export function createRegistrationLimit(): RegistrationLimit {
  let made: ReturnType<typeof createLimiters> | undefined
  return {
    take: async ({ peer, client }) => {
      made ??= createLimiters()
      const { ofClient, ofPeer, ofAll } = await made
      const wait =
        (client === undefined ? undefined : await consume(ofClient, `${peer} ${client}`)) ??
        (await consume(ofPeer, peer)) ??
        (await consume((key) => ofAll.consume(key), EVERYBODY))
      return wait
    },
    giveBack: async () => {
      made ??= createLimiters()
      await (await made).ofAll.reward(EVERYBODY)
    },
  }
}

/** Loaded at the first registration; by `default`, the name that a bundle has for CommonJS exports. */
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

/** The seconds to wait, when it may not pass. */
async function consume(limiter: Consume, key: string): Promise<number | undefined> {
  try {
    await limiter(key)
    return undefined
  } catch (refusal) {
    if (!isExceeded(refusal)) throw refusal
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000))
  }
}

/** Told by shape: the package is not loaded for its class. */
function isExceeded(thrown: unknown): thrown is RateLimiterRes {
  return typeof thrown === 'object' && thrown !== null && 'msBeforeNext' in thrown
}
