import type { Claims } from './claims.ts'

/** The token claims that backends get, by name. */
export interface PassedClaims {
  /** Undefined if the token has none of them. */
  readonly claims: Claims | undefined
  /** The names of claims that were omitted because they are too large. */
  readonly tooLarge: readonly string[]
}

/**
 * The claims that the gateway sets in its assertion, and those that restrict the use of a token (RFC 7519,
 * RFC 7800, RFC 9068, RFC 9449). A token claim must not replace them.
 */
const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'cnf', 'ath', 'nonce'],
  ...['tool', 'htm', 'htu', 'query_sha256', 'body_sha256', 'client_hints', '__proto__'],
  ...['client_capabilities', 'input_sha256'],
])
/** In bytes of JSON, which base64 enlarges by a third. Many servers limit header fields to 8 KiB. */
const MAX_CLAIM_BYTES = 1_024
const MAX_TOTAL_BYTES = 2_048

/** Returns whether a claim of this name must not be passed to backends. */
export function isReservedClaim(name: string): boolean {
  return RESERVED_CLAIMS.has(name)
}

/**
 * Picks these claims from the claims of a verified token. Omits null claims, claims of more than 1,024
 * bytes of JSON, and claims that would exceed 2,048 bytes in total.
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
