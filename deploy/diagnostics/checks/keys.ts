import { MIN_MODULUS_CHARACTERS } from '../../../shared/oauth/jwks.ts'
import type { Check } from '../check.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { listedKeys } from '../observe/issuer.ts'
import { documentOf, isResponse, type JsonObject, preview } from '../probe-result.ts'

const NO_METADATA = "the issuer's metadata could not be read"
const NO_KID = 'has no kid'
const SLOW_MS = 5_000

/** Checks of the signing keys, as read by doctor and by the gateway. */
export const KEY_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'key set',
    title: 'The signing keys of the issuer can be read',
    run: ({ issuer }) => {
      if (issuer?.metadata === undefined) return { skipped: NO_METADATA }
      const named = issuer.metadata['jwks_uri']
      const keys = issuer.jwks && documentOf(issuer.jwks)
      if (keys !== undefined && 'value' in keys) return []
      const url =
        typeof named === 'string' ? named : new URL('.well-known/jwks.json', issuer.url).href
      return [
        {
          id: 'jwks_unreachable',
          seen: `jwks_uri ${preview(named)}: ${keys?.absent ?? 'is not a URL'}`,
          where: issuer.jwks?.url ?? issuer.url,
          details: { url },
        },
      ]
    },
  },
  {
    name: 'speed of the issuer',
    title: 'The issuer responds within 5 s',
    run: ({ issuer }) => {
      const slow = [...(issuer?.documents ?? []), issuer?.jwks].filter(
        (one) => one !== undefined && isResponse(one) && one.durationMs > SLOW_MS,
      )
      if (slow.length === 0) return []
      const urls = slow.map((one) => one?.url).join(', ')
      return [{ id: 'issuer_slow', seen: `${urls} took more than ${SLOW_MS / 1000} s` }]
    },
  },
  {
    name: 'signing keys',
    title: 'The issuer has a key for RS256',
    run: ({ issuer }) => {
      const listed = listedKeys(issuer?.jwks)
      if (issuer?.jwks === undefined || 'absent' in documentOf(issuer.jwks)) {
        return { skipped: 'the keys could not be read' }
      }
      const reasons = listed.flatMap((key) => whyUnusable(key) ?? [])
      const isWithoutKid = reasons.includes(NO_KID)
      if (issuer.usableKids.length > 0 && !isWithoutKid) return []
      const seen =
        listed.length === 0 ? 'the key set is empty' : `a key ${reasons.join(', a key ')}`
      return [{ id: isWithoutKid ? 'jwks_kid_missing' : 'jwks_no_rs256_key', seen }]
    },
  },
  {
    name: 'key set address',
    title: 'The signing keys are at the URL that the gateway uses',
    run: ({ issuer }) => {
      if (issuer?.metadata === undefined) return { skipped: NO_METADATA }
      const { jwks, defaultJwks } = issuer
      if (jwks === undefined || defaultJwks === undefined || jwks.url === defaultJwks.url) return []
      if ('value' in documentOf(defaultJwks)) return []
      const seen = `the keys are at ${jwks.url}, and not at ${defaultJwks.url}`
      return [{ id: 'jwks_uri_differs', seen, where: jwks.url, details: { url: jwks.url } }]
    },
  },
  {
    name: 'keys at the gateway',
    title: 'The gateway can read the signing keys',
    run: ({ unknownKey }) => {
      if (!isResponse(unknownKey)) return { skipped: 'the gateway does not respond' }
      if (unknownKey.status !== 503) return []
      const retryAfter = unknownKey.headers.get('retry-after') ?? 'missing'
      return [
        {
          id: 'gateway_keys_unavailable',
          seen: `a call with a token returns 503, Retry-After ${retryAfter}`,
          where: unknownKey.url,
        },
      ]
    },
  },
]

/** Returns why the gateway cannot use this key; undefined if it can. */
function whyUnusable({ kty, kid, alg, use, n }: JsonObject): string | undefined {
  if (kty !== 'RSA') return `is of type ${preview(kty)}`
  if (use !== undefined && use !== 'sig') return `is for ${preview(use)}`
  if (alg !== undefined && alg !== 'RS256') return `is for ${preview(alg)}`
  if (typeof kid !== 'string') return NO_KID
  return typeof n === 'string' && n.length < MIN_MODULUS_CHARACTERS
    ? 'has less than 2048 bits'
    : undefined
}
