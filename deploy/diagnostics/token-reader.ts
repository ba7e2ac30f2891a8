import { asObject, parseJson } from '../../shared/json.ts'
import type { Claims } from '../../shared/oauth/claims.ts'
import { preview } from './exchange.ts'

/** The content of a token, unverified: for explaining, never for deciding. */
export interface TokenContent {
  /** Dot-separated parts: 3 of a JWS, 5 of a JWE. */
  readonly parts: number
  readonly header: Claims | undefined
  readonly claims: Claims | undefined
}

/** Reads a compact JWS as far as it can be read; another token has no claims. */
export function readTokenContent(accessToken: string): TokenContent {
  const parts = accessToken.split('.')
  const header = parse(parts[0])
  return {
    parts: parts.length,
    header,
    claims: parts.length > 3 ? undefined : parse(parts[1]),
  }
}

/** The token without the scheme, quotes, blanks and line breaks of a copied one. */
export function cleanToken(given: string): string {
  return given
    .trim()
    .replace(/^bearer +/i, '')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll(/\s/g, '')
}

/** The audiences of a token, as strings. */
export function audiencesIn(claims: Claims | undefined): readonly string[] {
  return [claims?.['aud'] ?? []].flat().map(String)
}

/** The scopes in the claim `scope`. */
export function scopesIn(claims: Claims | undefined): readonly string[] {
  const scope = claims?.['scope']
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : []
}

/**
 * Whether this looks like an ID token: made for the client, not for an API. Claims that only ID tokens
 * have, or an audience that is the client itself.
 */
export function isIdToken({ claims }: Pick<TokenContent, 'claims'>): boolean {
  if (claims === undefined) return false
  const { aud, azp, client_id: clientId } = claims
  if (['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined)) return true
  const audiences = Array.isArray(aud) ? aud : [aud]
  const isUrl = audiences.some((one) => typeof one === 'string' && one.includes('/'))
  return !isUrl && audiences.some((one) => one === azp || one === clientId || azp === undefined)
}

/** A claim's value as it may be shown: identifiers and times, never the token. */
export function previewClaim(claims: Claims | undefined, name: string): string {
  return `${name} is ${preview(claims?.[name])}`
}

/** Whether a token is for this audience but for a slash at the end of one of them. */
export function differsBySlash(claims: Claims | undefined, audience: string): boolean {
  return audiencesIn(claims).some((one) => withoutSlash(one) === withoutSlash(audience))
}

/** How far a NumericDate is from now. */
export function distance(time: unknown, now: number): string {
  return typeof time === 'number' ? duration(time - now) : 'an unknown time'
}

/** A number of seconds in a readable unit. */
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
