import type { Claims } from './claims.ts'

/** Claims of the token that backends get, under their own names. */
export interface PassedClaims {
  /** Undefined when the token has none of them. */
  readonly claims: Claims | undefined
  /** The names of those that were left out because they are too large. */
  readonly tooLarge: readonly string[]
}

/**
 * The claims that the assertion to the backends has of its own, and those that say how a token may be
 * used (RFC 7519, RFC 7800, RFC 9068, RFC 9449): no claim of a token may stand for one of them.
 */
const OF_THE_ASSERTION: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'cnf', 'ath', 'nonce'],
  ...['tool', 'htm', 'htu', 'query_sha256', 'body_sha256', 'client_hints', '__proto__'],
  ...['client_capabilities', 'input_sha256'],
])
/** In bytes of JSON, of which base64 makes a third more: many servers take 8 KiB for a header field. */
const MAX_CLAIM_BYTES = 1_024
const MAX_TOTAL_BYTES = 2_048

/** Whether a claim of this name cannot be passed on. */
export function isReservedClaim(name: string): boolean {
  return OF_THE_ASSERTION.has(name)
}

/**
 * Picks these claims from those of a verified token. One of more than 1,024 bytes of JSON is left out,
 * as is what does not fit into 2,048 bytes of them all; so is one that is null.
 */
export function pickClaims(claims: Claims, names: readonly string[]): PassedClaims {
  const picked: [string, unknown][] = []
  const tooLarge: string[] = []
  let total = 0
  for (const name of names) {
    const value = Object.hasOwn(claims, name) ? (claims[name] ?? undefined) : undefined
    if (value === undefined) continue
    const bytes = Buffer.byteLength(JSON.stringify(value))
    if (bytes > MAX_CLAIM_BYTES || total + bytes > MAX_TOTAL_BYTES) tooLarge.push(name)
    else {
      total += bytes
      picked.push([name, value])
    }
  }
  return { claims: picked.length === 0 ? undefined : Object.fromEntries(picked), tooLarge }
}
