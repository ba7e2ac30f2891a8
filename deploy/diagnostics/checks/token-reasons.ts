import { type Finding, fault } from '../check.ts'
import { shown } from '../exchange.ts'
import {
  claimShown,
  differsBySlash,
  distance,
  isIdToken,
  type TokenFacts,
} from '../token-reader.ts'

/** By what a token is judged: the gateway's configuration, as far as it is known here. */
export interface TokenExpectation {
  readonly issuer: string
  readonly audience: string
  readonly organizations: readonly string[] | undefined
}

/** What an explanation may draw upon. */
export interface Refused extends TokenFacts {
  readonly expected: TokenExpectation
  readonly now: number
  readonly usableKids: readonly string[]
}

type Explanation = Omit<Finding, 'severity' | 'id'> & { readonly id?: string }

const API = 'Auth0 dashboard: Applications > APIs'
const PROFILE =
  'npm run provision -- --apply (sets resource_parameter_profile to compatibility), and ask for the token with resource or audience = '
const NEW_TOKEN = 'get a new token: disconnect and connect again in ChatGPT, or npm run connect'
const ALTERED = `copy the whole token, unaltered; else ${NEW_TOKEN}`

/** The gateway's reasons (shared/oauth/access-token.ts, shared/oauth/claims.ts), each with cause and remedy. */
const EXPLANATIONS: Readonly<Record<string, (refused: Refused) => Explanation>> = {
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: ({ expected }) => ({
    seen: 'the token has five parts: it is encrypted, and Auth0 alone can read it',
    why: 'Auth0 issues such a token when the client names no API that it knows',
    fix: `${PROFILE}${expected.audience}`,
    where: 'Auth0 dashboard: Settings > Advanced > Resource Parameter Compatibility Profile',
  }),
  ACCESS_TOKEN_IS_OPAQUE: ({ expected }) => ({
    seen: 'the token is no JWT, which has three parts: it is opaque, for /userinfo alone',
    why: 'Auth0 issues such a token when the client names no API that it knows',
    fix: `${PROFILE}${expected.audience}`,
    where: 'Auth0 dashboard: Settings > Advanced > Resource Parameter Compatibility Profile',
  }),
  alg_not_rs256: ({ header }) => ({
    seen: `alg is ${shown(header?.['alg'])}`,
    why: 'The gateway takes RS256 alone: HS256 needs a secret that it must not have, none proves nothing',
    fix: 'npm run provision -- --apply (sets signing_alg of the API to RS256), then get a new token',
    where: `${API} > Signing Algorithm`,
  }),
  typ_unexpected: ({ header }) => ({
    seen: `typ is ${shown(header?.['typ'])}`,
    why: 'It is a JWT, but no access token (RFC 9068 s2.1 has at+jwt, Auth0 JWT)',
    fix: 'send the access_token of the token response, not its id_token or a logout token',
  }),
  kid_missing: () => ({
    seen: 'the header has no kid',
    why: 'The gateway finds the key by it; Auth0 always sets one',
    fix: `${ALTERED}: this one does not come from Auth0`,
  }),
  kid_unknown: ({ header, usableKids }) => ({
    seen: `kid ${shown(header?.['kid'])} is not among the issuer's keys (${usableKids.join(', ') || 'none'})`,
    why: 'It was signed by another tenant, or by a key that has been revoked',
    fix: `${NEW_TOKEN}; and check that OAUTH_ISSUER is the tenant that issued it`,
    where: 'Auth0 dashboard: Settings > Signing Keys',
  }),
  signature_invalid: () => ({
    seen: "the signature is not by the issuer's key of that kid",
    why: 'The token was altered, cut off, or made by somebody else',
    fix: ALTERED,
  }),
  iss_mismatch_slash: ({ claims, expected }) => ({
    seen: `${claimShown(claims, 'iss')}, the gateway expects ${expected.issuer}`,
    why: "Issuers are compared to the letter, and Auth0's end in a slash",
    fix: `set OAUTH_ISSUER to ${shown(claims?.['iss'])} in .env.yaml, then npm run deploy`,
  }),
  iss_mismatch: ({ claims, expected }) => ({
    seen: `${claimShown(claims, 'iss')}, the gateway expects ${expected.issuer}`,
    why: 'It is from another tenant, or from its other domain (a custom domain issues under its own name)',
    fix: 'set OAUTH_ISSUER to the issuer that clients sign in at, in .env.yaml, then npm run deploy; or sign in at the expected one',
  }),
  aud_mismatch: (refused) => {
    const { claims, expected } = refused
    if (isIdToken(refused)) {
      return {
        id: 'token_is_id_token',
        seen: `${claimShown(claims, 'aud')}: the client itself, so it is an ID token`,
        why: 'An ID token tells the client who has signed in; it opens no API',
        fix: 'send the access_token of the token response, not the id_token',
      }
    }
    return {
      seen: `${claimShown(claims, 'aud')}, the gateway expects ${expected.audience}`,
      why: `The token is for another API. The spelling counts${differsBySlash(claims, expected.audience) ? ', and here it is the trailing slash' : ''}`,
      fix: `make OAUTH_AUDIENCE, the identifier of the API and the resource that clients name the same: ${PROFILE}${expected.audience}`,
      where: `${API} > Identifier`,
    }
  },
  token_expired: ({ claims, now }) => ({
    seen: `it expired ${distance(claims?.['exp'], now)} ago`,
    why: 'Clients get a new one by their refresh token; without offline access they cannot',
    fix: `${NEW_TOKEN}; if it happens each time that a token expires (after 24 hours by default): npm run provision -- --apply (allows offline access for the API)`,
    where: `${API} > Allow Offline Access, Token Expiration`,
  }),
  nbf_in_future: ({ claims, now }) => ({
    seen: `it is valid in ${distance(claims?.['nbf'], now)} only (nbf)`,
    why: 'Its issuer and this machine disagree about the time by more than 5 s, or it was made for later',
    fix: 'set the clock (timedatectl set-ntp true), or wait',
  }),
  iat_in_future: ({ claims, now }) => ({
    seen: `it was issued ${distance(claims?.['iat'], now)} from now (iat)`,
    why: 'Its issuer and this machine disagree about the time by more than 5 s',
    fix: 'set the clock (timedatectl set-ntp true)',
  }),
  exp_missing: () => ({
    seen: 'it has no exp',
    why: 'It would be good for ever; RFC 9068 s2.2 demands one',
    fix: `${NEW_TOKEN}: this one does not come from Auth0`,
  }),
  token_is_bound: () => ({
    seen: 'it has cnf: it is bound to a key of the client (DPoP or mTLS)',
    why: 'A bound token must not be taken as a bearer token (RFC 7800)',
    fix: 'npm run provision -- --apply (turns proof of possession off for the API), then get a new token',
    where: `${API} > Token Sender-Constraining`,
  }),
  org_id_missing: ({ expected }) => ({
    id: 'org_id_missing',
    seen: `the token has no org_id, and OAUTH_ORGANIZATION allows ${namesOf(expected)}`,
    why: 'The person signed in without an organization. Auth0 adds org_id only to tokens of people who sign in to one',
    fix: 'make the login prompt of the client ask for the organization (npm run provision -- --organization ID --apply lets third-party clients use it), then connect again; or unset OAUTH_ORGANIZATION',
    where: 'Auth0 dashboard: Organizations > the organization > Settings',
  }),
  org_id_mismatch: ({ claims, expected }) => ({
    id: 'org_id_mismatch',
    seen: `${claimShown(claims, 'org_id')}, and OAUTH_ORGANIZATION allows ${namesOf(expected)}`,
    why: 'The person signed in to another organization',
    fix: 'sign in to an allowed organization; or add this one to OAUTH_ORGANIZATION in .env.yaml, then npm run deploy -- gateway',
    where: 'Auth0 dashboard: Organizations',
  }),
  sub_malformed: ({ claims }) => ({
    seen: claimShown(claims, 'sub'),
    why: 'Nobody can be named to the tools',
    fix: `${NEW_TOKEN}; look for an Action that changes sub`,
    where: 'Auth0 dashboard: Actions > Triggers > post-login',
  }),
}

/** A reason of the gateway, explained. Reasons without a text of their own are malformed tokens. */
export function explainRefusal(reason: string, refused: Refused): Finding {
  const explain = EXPLANATIONS[reason]
  const malformed: Explanation = {
    seen: `the token is malformed: ${reason.replaceAll('_', ' ')}`,
    why: 'It cannot be read the way that RFC 7519 and RFC 9068 have it',
    fix: ALTERED,
  }
  const { id, ...explanation } = explain?.(refused) ?? malformed
  return fault({ id: id ?? idOf(reason), ...explanation })
}

function namesOf({ organizations = [] }: TokenExpectation): string {
  return organizations.join(', ')
}

function idOf(reason: string): string {
  return /^(ACCESS_TOKEN|token)_/.test(reason) ? reason : `token_${reason}`
}
