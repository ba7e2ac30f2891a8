import {
  createAccessTokenVerifier,
  type VerifyAccessToken,
} from '../../../shared/oauth/access-token.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import {
  type Caller,
  type Claims,
  checkClaims,
  type ScopeSource,
} from '../../../shared/oauth/claims.ts'
import { type Jwks, JwksUnavailableError } from '../../../shared/oauth/jwks.ts'
import type { Finding } from '../check.ts'
import { type TokenFacts, tokenFacts } from '../token-reader.ts'
import { explainRefusal, type TokenExpectation } from './token-reasons.ts'

/** By what the gateway judges. */
export interface TokenRules extends TokenExpectation {
  readonly scopeSource: ScopeSource
  readonly organizations: readonly string[] | undefined
  readonly keys: Jwks
  readonly usableKids: readonly string[]
  /** NumericDate seconds. */
  readonly now: number
}

/** What the gateway would say to a token. */
export interface TokenJudgement {
  /** Every reason that could be found, the gateway's own first. */
  readonly findings: readonly Finding[]
  /** Whether a key was there to verify the signature with; if not, nothing says that it is good. */
  readonly isVerified: boolean
  /** The caller that the token names once its faults are set aside; undefined when it has none. */
  readonly caller: Caller | undefined
  readonly facts: TokenFacts
}

const MAX_REASONS = 10
const ALG = 'alg_not_rs256'

/**
 * Puts the token to the gateway's own verifier, which stops at its first reason, and then its claims
 * to the gateway's own check again and again, each time forgiving what was found. The claims of a
 * token whose signature is bad are judged as well, but only to explain.
 */
export async function judgeToken(accessToken: string, rules: TokenRules): Promise<TokenJudgement> {
  const facts = tokenFacts(accessToken)
  const verify = createAccessTokenVerifier({ ...rules, jwks: rules.keys, now: () => rules.now })
  const verdict = await reasonOf(verify, accessToken)
  const claims = facts.claims ?? {}
  const { reasons, caller } = judgeClaims(claims, rules)
  const isOfClaims = verdict.reason !== undefined && reasons.includes(verdict.reason)
  const reason = isOfClaims ? undefined : verdict.reason
  const all = [
    ...(reason === undefined ? [] : [reason]),
    // One without a signature is refused for its shape before its algorithm is looked at.
    ...(reason === 'base64url_malformed' && facts.header?.['alg'] === 'none' ? [ALG] : []),
    // What cannot be read has no claims to judge.
    ...(facts.claims === undefined ? [] : reasons),
  ]
  const about = { ...facts, expected: rules, now: rules.now, usableKids: rules.usableKids }
  return {
    findings: all.map((reason) => explainRefusal(reason, about)),
    isVerified: verdict.isVerified,
    caller: facts.claims === undefined ? undefined : caller,
    facts,
  }
}

async function reasonOf(verify: VerifyAccessToken, accessToken: string) {
  try {
    await verify(accessToken)
    return { reason: undefined, isVerified: true }
  } catch (error) {
    if (error instanceof BearerError) return { reason: error.reason, isVerified: true }
    if (error instanceof JwksUnavailableError) return { reason: undefined, isVerified: false }
    throw error
  }
}

/** All reasons of the claims, by changing what is expected until they pass. */
function judgeClaims(claims: Claims, rules: TokenRules) {
  const reasons: string[] = []
  let forgiving = claims
  while (reasons.length < MAX_REASONS) {
    try {
      return { reasons, caller: checkClaims(forgiving, rules, rules.now) }
    } catch (error) {
      if (!(error instanceof BearerError)) throw error
      reasons.push(error.reason)
      const next = forgive(forgiving, error.reason, rules)
      if (next === undefined) break
      forgiving = next
    }
  }
  return { reasons, caller: undefined }
}

/** The same claims with the one that was refused as it should be; undefined when that is not known. */
function forgive(
  claims: Claims,
  reason: string,
  { issuer, audience, organizations, now }: TokenRules,
) {
  const { nbf, iat, cnf, ...others } = claims
  if (reason.startsWith('iss_')) return { ...claims, iss: issuer }
  if (reason.startsWith('aud_')) return { ...claims, aud: audience }
  if (reason.startsWith('exp_') || reason === 'token_expired') return { ...claims, exp: now + 1 }
  if (reason.startsWith('nbf_')) return { ...others, iat, cnf }
  if (reason.startsWith('iat_')) return { ...others, nbf, cnf }
  if (reason.startsWith('org_id_')) return { ...claims, org_id: organizations?.[0] }
  if (reason === 'token_is_bound') return { ...others, nbf, iat }
  if (reason === 'sub_malformed') return { ...claims, sub: 'somebody' }
  return undefined
}
