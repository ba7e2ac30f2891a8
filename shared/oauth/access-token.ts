import { hash } from 'node:crypto'
import { type CryptoKey, compactVerify, errors } from 'jose'
import { asObject, parseJson } from '../json.ts'
import { setBounded } from '../set-bounded.ts'
import { BearerError, invalidToken } from './bearer.ts'
import { type Caller, type Claims, checkClaims, type ScopeSource } from './claims.ts'
import type { Jwks } from './jwks.ts'
import { pickClaims } from './passed-claims.ts'

/**
 * Verifies one access token. Returns the caller of a cached token at once, and otherwise a promise,
 * which rejects with these errors:
 *
 * @throws BearerError `invalid_token` with the exact reason for the log.
 * @throws JwksUnavailableError if the key cannot be fetched. The token may be valid.
 */
export type VerifyAccessToken = (accessToken: string) => Caller | Promise<Caller>

export interface AccessTokenOptions {
  readonly issuer: string
  readonly audience: string
  readonly scopeSource: ScopeSource
  /** The allowed values of `org_id`; undefined = not checked. */
  readonly organizations?: readonly string[] | undefined
  /** The names of claims that backends get. */
  readonly passedClaims?: readonly string[] | undefined
  /**
   * Called with the name of each of these claims that is too large and omitted; once per cached token.
   */
  readonly onClaimTooLarge?: ((name: string) => void) | undefined
  readonly jwks: Jwks
  /** Returns NumericDate seconds. */
  readonly now?: () => number
}

interface Remembered {
  readonly caller: Caller
  readonly kid: string
  readonly key: CryptoKey
}

const MAX_TOKEN_CHARACTERS = 16_384
const MAX_REMEMBERED = 2_000
const TYPES: ReadonlySet<unknown> = new Set([undefined, 'at+jwt', 'application/at+jwt', 'jwt'])
const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Returns a verifier for Auth0's RS256 access tokens (RFC 9068 and Auth0's own profile). It checks the
 * shape, the header, the signature and then the claims. It caches up to 2,000 verified tokens by SHA-256
 * digest until `exp`, or until the key of their `kid` changes. It also caches up to 2,000 forged tokens,
 * until the key of their `kid` changes. It caches no other refused tokens.
 *
 * Not checked: revocation (access tokens are self-contained), `nonce`, `auth_time`, `acr`.
 */
export function createAccessTokenVerifier(options: AccessTokenOptions): VerifyAccessToken {
  const { jwks, now = () => Math.floor(Date.now() / 1000) } = options
  const remembered = new Map<string, Remembered>()
  // The key that each forged token did not match, so that a repeated forgery costs no verification.
  const forged = new Map<string, CryptoKey>()

  const isCurrent = ({ caller, key }: Remembered, current: CryptoKey | undefined) =>
    now() < caller.expiresAt && current === key
  const verifyAnew = async (accessToken: string, digest: string): Promise<Caller> => {
    const known = remembered.get(digest)
    if (known !== undefined) {
      if (isCurrent(known, await jwks.key(known.kid, () => true))) return known.caller
      remembered.delete(digest)
    }
    const kid = checkShape(accessToken)
    const key = await jwks.key(kid, () => wouldBeAccepted(accessToken, options, now()))
    if (key === undefined) throw invalidToken('kid_unknown')
    const isForged = forged.get(digest) === key
    const claims = isForged ? undefined : await verifySignature(accessToken, key)
    if (claims === undefined) {
      setBounded(forged, digest, key, MAX_REMEMBERED)
      throw invalidToken('signature_invalid')
    }
    const caller = withPassedClaims(checkClaims(claims, options, now()), claims, options)
    setBounded(remembered, digest, { caller, kid, key }, MAX_REMEMBERED)
    return caller
  }

  return (accessToken) => {
    const digest = hash('sha256', accessToken, 'base64')
    const known = remembered.get(digest)
    // A key set may replace a key under the same `kid`.
    return known !== undefined && isCurrent(known, jwks.held(known.kid))
      ? known.caller
      : verifyAnew(accessToken, digest)
  }
}

function withPassedClaims(
  caller: Caller,
  claims: Claims,
  { passedClaims, onClaimTooLarge }: AccessTokenOptions,
): Caller {
  if (passedClaims === undefined) return caller
  const passed = pickClaims(claims, passedClaims)
  for (const name of passed.tooLarge) onClaimTooLarge?.(name)
  return passed.claims === undefined ? caller : { ...caller, claims: passed.claims }
}

function checkShape(accessToken: string): string {
  if (accessToken.length > MAX_TOKEN_CHARACTERS) throw invalidToken('token_too_long')
  const parts = accessToken.split('.')
  if (parts.length === 5) {
    throw invalidToken(
      'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
      'ACCESS_TOKEN_IS_ENCRYPTED_JWE: not a token for this API. Request one with the audience of this API.',
    )
  }
  const [header, , signature] = parts
  if (parts.length !== 3 || header === undefined || signature === undefined) {
    throw invalidToken(
      'ACCESS_TOKEN_IS_OPAQUE',
      'ACCESS_TOKEN_IS_OPAQUE: not a token for this API. Request one with the audience of this API.',
    )
  }
  if (!parts.every((part) => BASE64URL.test(part))) throw invalidToken('base64url_malformed')
  // The unused bits of the last character would allow several encodings of one signature.
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    throw invalidToken('signature_not_canonical')
  }
  return checkHeader(parseObject(Buffer.from(header, 'base64url'), 'header_malformed'))
}

function checkHeader(header: Readonly<Record<string, unknown>>): string {
  const { alg, typ, kid, crit } = header
  if (alg !== 'RS256') throw invalidToken('alg_not_rs256')
  if (!TYPES.has(typeof typ === 'string' ? typ.toLowerCase() : typ))
    throw invalidToken('typ_unexpected')
  if (crit !== undefined || header['b64'] !== undefined) throw invalidToken('crit_not_understood')
  if (typeof kid !== 'string' || kid === '') throw invalidToken('kid_missing')
  return kid
}

/** Returns whether the claims are valid. Does not check the signature. */
function wouldBeAccepted(accessToken: string, expected: AccessTokenOptions, now: number): boolean {
  try {
    const payload = accessToken.split('.')[1] ?? ''
    const claims = parseObject(Buffer.from(payload, 'base64url'), 'payload_malformed')
    checkClaims(claims, expected, now)
    return true
  } catch (error) {
    if (error instanceof BearerError) return false
    throw error
  }
}

/** Returns the claims; undefined if the signature does not match the key. */
async function verifySignature(accessToken: string, key: CryptoKey): Promise<Claims | undefined> {
  try {
    const verified = await compactVerify(accessToken, key, { algorithms: ['RS256'] })
    return parseObject(Buffer.from(verified.payload), 'payload_malformed')
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return undefined
    throw error
  }
}

function parseObject(bytes: Buffer, reason: string): Claims {
  const object = asObject(parseJson(bytes)?.value)
  if (object === undefined) throw invalidToken(reason)
  return object
}
