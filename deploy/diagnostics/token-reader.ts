import { asObject, parseJson } from '../../shared/json.ts'
import type { Claims } from '../../shared/oauth/claims.ts'
import { preview } from './probe-result.ts'

/** The unverified content of a token, for explanations only. */
export interface TokenContent {
  /** Dot-separated parts: 3 of a JWS, 5 of a JWE. */
  readonly parts: number
  readonly header: Claims | undefined
  readonly claims: Claims | undefined
  /** Whether it may be an opaque token: base64url without dots, and not a short word. */
  readonly isOpaque: boolean
}

const OPAQUE = /^[\w-]{8,}$/

/** Reads a compact JWS as far as possible; other tokens have no claims. */
export function readTokenContent(accessToken: string): TokenContent {
  const parts = accessToken.split('.')
  const header = parse(parts[0])
  return {
    parts: parts.length,
    header,
    claims: parts.length > 3 ? undefined : parse(parts[1]),
    isOpaque: OPAQUE.test(accessToken),
  }
}

/** Removes the scheme, quotes, spaces and line breaks of a copied token. */
export function cleanToken(given: string): string {
  return given
    .trim()
    .replace(/^bearer +/i, '')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll(/\s/g, '')
}

/** Returns the audiences of a token as strings. */
export function audiencesIn(claims: Claims | undefined): readonly string[] {
  return [claims?.['aud'] ?? []].flat().map(String)
}

/** Returns the scopes in the claim `scope`. */
export function scopesIn(claims: Claims | undefined): readonly string[] {
  const scope = claims?.['scope']
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : []
}

/**
 * Returns whether this looks like an ID token: it has claims that only ID tokens have, or its audience is
 * the client itself.
 */
export function isIdToken({ claims }: Pick<TokenContent, 'claims'>): boolean {
  if (claims === undefined) return false
  const { aud, azp, client_id: clientId } = claims
  if (['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined)) return true
  const audiences = Array.isArray(aud) ? aud : [aud]
  const isUrl = audiences.some((one) => typeof one === 'string' && one.includes('/'))
  return !isUrl && audiences.some((one) => one === azp || one === clientId || azp === undefined)
}

/** Describes a claim's value. */
export function previewClaim(claims: Claims | undefined, name: string): string {
  return `${name} is ${preview(claims?.[name])}`
}

/** Returns whether an audience of the token equals this one except for a trailing slash. */
export function differsBySlash(claims: Claims | undefined, audience: string): boolean {
  return audiencesIn(claims).some((one) => withoutSlash(one) === withoutSlash(audience))
}

/** Describes the time between a NumericDate and now. */
export function distance(time: unknown, now: number): string {
  return typeof time === 'number' ? duration(time - now) : 'an unknown time'
}

/** Formats a number of seconds. */
function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds))
  if (whole < 120) return `${whole} s`
  if (whole < 7_200) return `${Math.round(whole / 60)} min`
  return whole < 172_800 ? `${Math.round(whole / 3_600)} h` : `${Math.round(whole / 86_400)} days`
}

function parse(part: string | undefined): Claims | undefined {
  return asObject(parseJson(Buffer.from(part ?? '', 'base64url'))?.value)
}

function withoutSlash(value: string): string {
  return value.replace(/\/+$/, '')
}
