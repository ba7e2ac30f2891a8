import { isFaultId, type Observed } from '../faults/faults.ts'
import { preview } from '../probe-result.ts'
import {
  differsBySlash,
  distance,
  isIdToken,
  previewClaim,
  type TokenContent,
} from '../token-reader.ts'

/** The gateway's configuration, as far as it is known here. */
export interface TokenExpectation {
  readonly issuer: string
  readonly audience: string
  readonly organizations: readonly string[] | undefined
}

/** The input for the explanation of a rejection. */
export interface RejectedToken extends TokenContent {
  readonly expected: TokenExpectation
  /** NumericDate seconds. */
  readonly now: number
  readonly usableKids: readonly string[]
}

/** The gateway's reasons (shared/oauth/access-token.ts, shared/oauth/claims.ts) as faults. */
const FAULT_OF_REASON: Readonly<Record<string, (token: RejectedToken) => Observed>> = {
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: ({ expected: { audience } }) => ({
    id: 'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
    seen: 'the token has five parts, so it is encrypted',
    details: { audience },
  }),
  ACCESS_TOKEN_IS_OPAQUE: ({ isOpaque, expected: { audience } }) =>
    isOpaque
      ? {
          id: 'ACCESS_TOKEN_IS_OPAQUE',
          seen: 'the token does not have the three parts of a JWT',
          details: { audience },
        }
      : {
          id: 'token_malformed',
          seen: 'this is not an access token: it has neither the three parts of a JWT nor the form of an opaque token of Auth0',
        },
  alg_not_rs256: ({ header }) => ({
    id: 'token_alg_not_rs256',
    seen: `alg is ${preview(header?.['alg'])}`,
  }),
  typ_unexpected: ({ header }) => ({
    id: 'token_typ_unexpected',
    seen: `typ is ${preview(header?.['typ'])}`,
  }),
  kid_missing: () => ({ id: 'token_kid_missing', seen: 'the header has no kid' }),
  kid_unknown: ({ header, usableKids }) => ({
    id: 'token_kid_unknown',
    seen: `kid ${preview(header?.['kid'])} is not among the issuer's keys (${usableKids.join(', ') || 'none'})`,
  }),
  signature_invalid: () => ({
    id: 'token_signature_invalid',
    seen: "the issuer's key with that kid does not verify the signature",
  }),
  iss_mismatch_slash: ({ claims, expected }) => ({
    id: 'token_iss_mismatch_slash',
    seen: `${previewClaim(claims, 'iss')}, the gateway expects ${expected.issuer}`,
    details: { issuer: preview(claims?.['iss']) },
  }),
  iss_mismatch: ({ claims, expected }) => ({
    id: 'token_iss_mismatch',
    seen: `${previewClaim(claims, 'iss')}, the gateway expects ${expected.issuer}`,
  }),
  aud_mismatch: (token) => {
    const { claims, expected } = token
    if (isIdToken(token)) {
      const seen = `${previewClaim(claims, 'aud')}, which is the client`
      return { id: 'token_is_id_token', seen }
    }
    const { audience } = expected
    return {
      id: 'token_aud_mismatch',
      seen: `${previewClaim(claims, 'aud')}, the gateway expects ${audience}`,
      details: {
        audience,
        ...(differsBySlash(claims, audience) && { difference: 'the trailing slash' }),
      },
    }
  },
  token_expired: ({ claims, now }) => ({
    id: 'token_expired',
    seen: `it expired ${distance(claims?.['exp'], now)} ago`,
  }),
  nbf_in_future: ({ claims, now }) => ({
    id: 'token_nbf_in_future',
    seen: `it becomes valid in ${distance(claims?.['nbf'], now)} (nbf)`,
  }),
  iat_in_future: ({ claims, now }) => ({
    id: 'token_iat_in_future',
    seen: `it was issued ${distance(claims?.['iat'], now)} from now (iat)`,
  }),
  exp_missing: () => ({ id: 'token_exp_missing', seen: 'it has no exp' }),
  token_is_bound: () => ({
    id: 'token_is_bound',
    seen: 'it has cnf: it is bound to a key of the client (DPoP or mTLS)',
  }),
  org_id_missing: ({ expected }) => ({
    id: 'org_id_missing',
    seen: `the token has no org_id, and OAUTH_ORGANIZATION allows ${namesOf(expected)}`,
  }),
  org_id_mismatch: ({ claims, expected }) => ({
    id: 'org_id_mismatch',
    seen: `${previewClaim(claims, 'org_id')}, and OAUTH_ORGANIZATION allows ${namesOf(expected)}`,
  }),
  sub_malformed: ({ claims }) => ({ id: 'token_sub_malformed', seen: previewClaim(claims, 'sub') }),
}

/** A reason of the gateway as a fault. A reason without an entry is a malformed token. */
export function faultOfReason(reason: string, token: RejectedToken): Observed {
  const fault = FAULT_OF_REASON[reason]
  if (fault !== undefined) return fault(token)
  const id = `token_${reason.replace(/^token_/, '')}`
  const seen = `the token is malformed: ${reason.replaceAll('_', ' ')}`
  return isMalformedId(id) ? { id, seen } : { id: 'token_malformed', seen }
}

type MalformedId = Extract<Observed['id'], `token_${string}_malformed`>

function isMalformedId(id: string): id is MalformedId {
  return isFaultId(id) && id.startsWith('token_')
}

function namesOf({ organizations = [] }: TokenExpectation): string {
  return organizations.join(', ')
}
