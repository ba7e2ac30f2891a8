import { MIN_MODULUS_CHARACTERS } from '../../../shared/oauth/jwks.ts'
import { type Check, fault, warning } from '../check.ts'
import { documentOf, type JsonObject, shown } from '../exchange.ts'
import { listedKeys } from '../observe/issuer.ts'
import type { Outside } from '../observe/deployment.ts'
import { isAnswer } from '../probe.ts'

const NO_METADATA = "the issuer's metadata could not be fetched"
const SLOW_MS = 5_000

/** The keys by which tokens are verified, as the doctor and as the gateway can fetch them. */
export const KEY_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'key set',
    title: "the issuer's keys can be fetched",
    run: ({ issuer }) => {
      if (issuer?.metadata === undefined) return { skipped: NO_METADATA }
      const named = issuer.metadata['jwks_uri']
      const keys = issuer.jwks && documentOf(issuer.jwks)
      if (keys !== undefined && 'value' in keys) return []
      return [
        fault({
          id: 'jwks_unreachable',
          seen: `jwks_uri ${shown(named)}: ${keys?.absent ?? 'is no URL'}`,
          why: 'No token can be verified without a key: calls are answered 503',
          fix: `check it from here and from the deployment: curl -i ${typeof named === 'string' ? named : new URL('.well-known/jwks.json', issuer.url).href}; if Auth0 answers, let the functions reach it (VPC egress, firewall)`,
          where: issuer.jwks?.url ?? issuer.url,
        }),
      ]
    },
  },
  {
    name: 'speed of the issuer',
    title: 'they come in time',
    run: ({ issuer }) => {
      const slow = [...(issuer?.documents ?? []), issuer?.jwks].filter(
        (one) => one !== undefined && isAnswer(one) && one.took > SLOW_MS,
      )
      if (slow.length === 0) return []
      return [
        fault({
          id: 'issuer_slow',
          seen: `${slow.map((one) => one?.url).join(', ')} took more than ${SLOW_MS / 1000} s`,
          why: 'The functions wait 5 s for metadata and keys, then go on without',
          fix: 'if it is as slow from elsewhere, wait for Auth0: https://status.auth0.com; else look for a proxy on the way',
        }),
      ]
    },
  },
  {
    name: 'signing keys',
    title: 'they have a key for RS256',
    run: ({ issuer }) => {
      const listed = listedKeys(issuer?.jwks)
      if (issuer?.jwks === undefined || 'absent' in documentOf(issuer.jwks)) {
        return { skipped: 'the keys could not be fetched' }
      }
      const faults = listed.flatMap((key) => faultOf(key) ?? [])
      if (issuer.usableKids.length > 0 && !faults.includes('has no kid')) return []
      const hasNoKid = faults.includes('has no kid')
      return [
        fault({
          id: hasNoKid ? 'jwks_kid_missing' : 'jwks_no_rs256_key',
          seen: listed.length === 0 ? 'the key set is empty' : `a key ${faults.join(', a key ')}`,
          why: 'The gateway takes RS256 alone, with a kid by which it finds the key; it refuses all other tokens',
          fix: 'set the signing algorithm of the API to RS256 (npm run provision -- --apply), and rotate the signing key once if none is listed',
          where:
            'Auth0 dashboard: Applications > APIs > Signing Algorithm; Settings > Signing Keys',
        }),
      ]
    },
  },
  {
    name: 'key set address',
    title: 'they are where the gateway looks',
    run: ({ issuer }) => {
      if (issuer?.metadata === undefined) return { skipped: NO_METADATA }
      const { jwks, defaultJwks } = issuer
      if (jwks === undefined || defaultJwks === undefined || jwks.url === defaultJwks.url) return []
      if ('value' in documentOf(defaultJwks)) return []
      return [
        warning({
          id: 'jwks_uri_differs',
          seen: `the keys are at ${jwks.url}, and not at ${defaultJwks.url}`,
          why: 'The gateway looks there unless JWKS_URI says otherwise',
          fix: `set JWKS_URI to ${jwks.url} in .env.yaml, then npm run deploy -- gateway`,
          where: jwks.url,
        }),
      ]
    },
  },
  {
    name: 'keys at the gateway',
    title: 'the gateway can fetch them',
    run: ({ unknownKey }) => {
      if (!isAnswer(unknownKey)) return { skipped: 'the gateway does not answer' }
      if (unknownKey.status !== 503) return []
      return [
        fault({
          id: 'gateway_keys_unavailable',
          seen: `a call with a token is answered 503, Retry-After ${unknownKey.headers.get('retry-after') ?? 'missing'}`,
          why: 'The gateway has no key to judge tokens by, so that nobody gets in',
          fix: 'let the gateway reach the issuer (VPC egress, firewall), and check JWKS_URI and OAUTH_ISSUER in .env.yaml; then npm run deploy -- gateway',
          where: unknownKey.url,
        }),
      ]
    },
  },
]

/** Why this key verifies no token here; undefined when it might, or is not meant to. */
function faultOf({ kty, kid, alg, use, n }: JsonObject): string | undefined {
  if (kty !== 'RSA') return `is of type ${shown(kty)}`
  if (use !== undefined && use !== 'sig') return `is for ${shown(use)}`
  if (alg !== undefined && alg !== 'RS256') return `is for ${shown(alg)}`
  if (typeof kid !== 'string') return 'has no kid'
  return typeof n === 'string' && n.length < MIN_MODULUS_CHARACTERS
    ? 'has less than 2048 bits'
    : undefined
}
