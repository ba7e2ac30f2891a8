import { asObject, parseJson } from '../../shared/json.ts'
import type { Claims } from '../../shared/oauth/claims.ts'
import { shown } from './exchange.ts'

/** What a token says of itself, unverified: for explaining, never for deciding. */
export interface TokenFacts {
  readonly header: Claims | undefined
  readonly claims: Claims | undefined
}

/** Reads what can be read of a compact JWS; anything else has no facts. */
export function tokenFacts(accessToken: string): TokenFacts {
  const [header, payload, , more] = accessToken.split('.')
  if (more !== undefined) return { header: parse(header), claims: undefined }
  return { header: parse(header), claims: parse(payload) }
}

/** The token without the scheme, quotes, blanks and line breaks that come along when it is copied. */
export function cleanToken(given: string): string {
  return given
    .trim()
    .replace(/^bearer +/i, '')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll(/\s/g, '')
}

/**
 * Whether this looks like an ID token: made for the client that asked, not for an API. Claims that
 * only ID tokens have, or an audience that is the client itself.
 */
export function isIdToken({ claims }: TokenFacts): boolean {
  if (claims === undefined) return false
  const { aud, azp, client_id: clientId } = claims
  if (['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined)) return true
  const audiences = Array.isArray(aud) ? aud : [aud]
  const isUrl = audiences.some((one) => typeof one === 'string' && one.includes('/'))
  return !isUrl && audiences.some((one) => one === azp || one === clientId || azp === undefined)
}

/** A number of seconds as people say it. */
function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds))
  if (whole < 120) return `${whole} s`
  if (whole < 7_200) return `${Math.round(whole / 60)} min`
  return whole < 172_800 ? `${Math.round(whole / 3_600)} h` : `${Math.round(whole / 86_400)} days`
}

/** A claim's value as it may be shown: identifiers and times, never the token. */
export function claimShown(claims: Claims | undefined, name: string): string {
  return `${name} is ${shown(claims?.[name])}`
}

function parse(part: string | undefined): Claims | undefined {
  return asObject(parseJson(Buffer.from(part ?? '', 'base64url'))?.value)
}

/** Whether a token is for this audience but for a slash at the end of one of them. */
export function differsBySlash(claims: Claims | undefined, audience: string): boolean {
  return [claims?.['aud']]
    .flat()
    .some((one) => typeof one === 'string' && withoutSlash(one) === withoutSlash(audience))
}

/** How far a time is from now. */
export function distance(time: unknown, now: number): string {
  return typeof time === 'number' ? duration(time - now) : 'an unknown time'
}

function withoutSlash(value: string): string {
  return value.replace(/\/+$/, '')
}
