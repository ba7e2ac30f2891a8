import { isOpen } from '../../../shared/catalogue/access.ts'
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
import { type Check, type Results, runChecks, skipAll } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { Missing } from '../faults/token.ts'
import type { IssuerObservation } from '../observe/issuer.ts'
import type { ToolScopes } from '../observe/openapi-tools.ts'
import { stringsIn } from '../probe-result.ts'
import { cleanToken, readTokenContent, scopesIn, type TokenContent } from '../token-reader.ts'
import { faultOfReason, type TokenExpectation } from './token-reasons.ts'

/** The expected values for a token, as far as they are known. */
export interface TokenContext {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly scopeSource: ScopeSource
  /** Allowed values of `org_id`; undefined = not checked. */
  readonly organizations: readonly string[] | undefined
  readonly observedIssuer: IssuerObservation | undefined
  readonly tools: ToolScopes | undefined
  /** NumericDate seconds. */
  readonly now: number
}

interface TokenRules extends TokenExpectation {
  readonly scopeSource: ScopeSource
  readonly keys: Jwks
  readonly usableKids: readonly string[]
  readonly now: number
}

/** The gateway's decision on a token. */
interface TokenOutcome {
  /** Every reason for a rejection, the gateway's own first. */
  readonly faults: readonly Observed[]
  /** Whether a key was available to verify the signature with. */
  readonly isVerified: boolean
  /** The caller, ignoring the faults of the token; undefined if it names none. */
  readonly caller: Caller | undefined
  readonly content: TokenContent
}

const MAX_REASONS = 10
const ACCEPTED = { name: 'token', title: 'The gateway accepts the token' }
const SIGNATURE = {
  name: 'signature',
  title: 'A key of the issuer verifies the signature of the token',
}
const SCOPES = { name: 'scopes of the token', title: 'The token has the scopes of every tool' }

/** Explains why the gateway rejects this token. Shows identifiers and times, never the token. */
export async function examineToken(given: string, context: TokenContext): Promise<Results> {
  const { issuer, audience, observedIssuer, tools } = context
  if (issuer === undefined || audience === undefined || observedIssuer === undefined) {
    const reason = 'issuer and audience are unknown: the metadata could not be read'
    return skipAll('token', [ACCEPTED, SIGNATURE, SCOPES], reason)
  }
  const { keys, usableKids } = observedIssuer
  const rules = { ...context, issuer, audience, keys, usableKids }
  const outcome = await examineClaims(cleanToken(given), rules)
  const { faults, isVerified, caller, content } = outcome
  const noKeys = { skipped: "the issuer's keys could not be read" }
  const checks: readonly Check<undefined>[] = [
    { ...ACCEPTED, run: () => faults },
    ...(isVerified ? [] : [{ ...SIGNATURE, run: () => noKeys }]),
    {
      ...SCOPES,
      run: () => {
        if (caller === undefined) return { skipped: 'the token cannot be read' }
        if (tools === undefined) return { skipped: 'the scopes of the tools are unknown' }
        return missingScopes(caller, tools, content)
      },
    },
  ]
  return runChecks('token', checks, undefined)
}

/**
 * Runs the gateway's own verifier, which stops at its first reason, and then its check of the claims
 * repeatedly, each time with the rejected claim corrected. The claims of a token with an invalid
 * signature are checked too, but only to explain.
 */
async function examineClaims(accessToken: string, rules: TokenRules): Promise<TokenOutcome> {
  const content = readTokenContent(accessToken)
  const verify = createAccessTokenVerifier({ ...rules, jwks: rules.keys, now: () => rules.now })
  const { reason, isVerified } = await reasonOf(verify, accessToken)
  const { reasons, caller } = reasonsOfClaims(content.claims ?? {}, rules)
  const isReadable = content.claims !== undefined
  // A token without a signature is rejected for its form before its algorithm is checked.
  const isUnsigned = reason === 'base64url_malformed' && content.header?.['alg'] === 'none'
  const all = [
    ...(reason === undefined || reasons.includes(reason) ? [] : [reason]),
    ...(isUnsigned ? ['alg_not_rs256'] : []),
    ...(isReadable ? reasons : []),
  ]
  const { now, usableKids } = rules
  const token = { ...content, expected: rules, now, usableKids }
  return {
    faults: all.map((one) => faultOfReason(one, token)),
    isVerified,
    caller: isReadable ? caller : undefined,
    content,
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

/** All reasons of the claims, by correcting each rejected claim until they pass. */
function reasonsOfClaims(claims: Claims, rules: TokenRules) {
  const reasons: string[] = []
  let corrected = claims
  while (reasons.length < MAX_REASONS) {
    try {
      return { reasons, caller: checkClaims(corrected, rules, rules.now) }
    } catch (error) {
      if (!(error instanceof BearerError)) throw error
      reasons.push(error.reason)
      const next = correct(corrected, error.reason, rules)
      if (next === undefined) break
      corrected = next
    }
  }
  return { reasons, caller: undefined }
}

/** The same claims with the rejected one corrected; undefined when its right value is unknown. */
function correct(
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
  if (reason === 'sub_malformed') return { ...claims, sub: 'user' }
  return undefined
}

/** The tools that the caller may not call, and the scopes that are missing for them. */
function missingScopes(
  caller: Caller,
  tools: ToolScopes,
  { claims }: TokenContent,
): readonly Observed[] {
  const missing = [...tools].flatMap(([tool, rule]) => {
    const needed = isOpen(rule) ? [] : rule.scopes
    const missing = needed.filter((scope) => !caller.scopes.has(scope))
    return missing.length === 0 ? [] : [{ tool, missing }]
  })
  if (missing.length === 0) return []
  const seen = missing.map(({ tool, missing }) => `${tool} lacks ${missing.join(' ')}`).join('; ')
  // A user with some of the permissions is as intended; a user with none is not.
  const severity = missing.length === tools.size ? 'error' : 'warning'
  const permissions = stringsIn(claims?.['permissions'])
  if (permissions?.length === 0) return [{ id: 'permissions_unassigned', severity, seen }]
  const scopes = [...new Set(missing.flatMap(({ missing }) => missing))].sort()
  const details = whatIsMissing(scopes, permissions, scopesIn(claims))
  return [{ id: 'insufficient_scope', severity, seen, details }]
}

function whatIsMissing(
  scopes: readonly string[],
  permissions: readonly string[] | undefined,
  granted: readonly string[],
): { readonly missing: Missing; readonly scopes: string } {
  if (permissions === undefined) return { missing: 'rbac', scopes: scopes.join(' ') }
  const forbidden = scopes.filter((scope) => !permissions.includes(scope))
  if (forbidden.length > 0) return { missing: 'permission', scopes: forbidden.join(' ') }
  const notGranted = scopes.filter((scope) => !granted.includes(scope))
  return { missing: 'scope', scopes: notGranted.join(' ') }
}
