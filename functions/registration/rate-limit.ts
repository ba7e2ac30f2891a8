export interface RateLimitOptions {
  /** How many may pass at once after a quiet time. */
  readonly burst: number
  /** One more passes after each. */
  readonly intervalMs: number
  /** Milliseconds. */
  readonly now?: () => number
}

/**
 * Returns a function that says whether one more may pass: undefined, or the seconds to wait, 1 at
 * least. A bucket of tokens for this instance alone.
 */
export function createRateLimit({
  burst,
  intervalMs,
  now = Date.now,
}: RateLimitOptions): () => number | undefined {
  let tokens = burst
  let filledAt = now()
  return () => {
    const at = now()
    tokens = Math.min(burst, tokens + (at - filledAt) / intervalMs)
    filledAt = at
    if (tokens >= 1) {
      tokens -= 1
      return undefined
    }
    return Math.max(1, Math.ceil(((1 - tokens) * intervalMs) / 1000))
  }
}
