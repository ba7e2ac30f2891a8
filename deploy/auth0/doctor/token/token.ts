import type { ScopeSource } from '../../../../shared/oauth/claims.ts'
import { type Check, mergeResults, type Results, runChecks } from '../../../diagnostics/check.ts'
import type { ToolScopes } from '../../../diagnostics/observe/openapi-tools.ts'
import type { IssuerSeen } from '../../../diagnostics/observe/issuer.ts'
import { judgeToken } from '../../../diagnostics/checks/token.ts'
import { lackingScopes } from './check-token-scopes.ts'
import { cleanToken } from '../../../diagnostics/token-reader.ts'

/** By what the token is judged, as far as it is known. */
export interface TokenContext {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly scopeSource: ScopeSource
  /** Ids that `org_id` must be one of; undefined = not checked. */
  readonly organizations: readonly string[] | undefined
  readonly seenIssuer: IssuerSeen | undefined
  readonly tools: ToolScopes | undefined
  /** NumericDate seconds. */
  readonly now: number
}

const ACCEPTED = { name: 'token', title: 'the gateway takes the token' }
const SIGNATURE = { name: 'signature', title: "the signature is by one of the issuer's keys" }
const SCOPES = { name: 'scopes of the token', title: 'it has the scopes of every tool' }

/** Why this very token is refused. Shows claims that name things and times, never the token. */
export async function examineToken(given: string, context: TokenContext): Promise<Results> {
  const { issuer, audience, seenIssuer, tools } = context
  if (issuer === undefined || audience === undefined || seenIssuer === undefined) {
    const skipped = 'issuer and audience are not known: the metadata could not be read'
    return runChecks('token', [ACCEPTED, SIGNATURE, SCOPES].map(saying(() => ({ skipped }))), {})
  }
  const { keys, usableKids } = seenIssuer
  const rules = { ...context, issuer, audience, keys, usableKids }
  const { findings, isVerified, caller, facts } = await judgeToken(cleanToken(given), rules)
  const checks = [
    saying(() => findings)(ACCEPTED),
    ...(isVerified
      ? []
      : [saying(() => ({ skipped: "the issuer's keys could not be fetched" }))(SIGNATURE)]),
    saying(() => {
      if (caller === undefined) return { skipped: 'the token cannot be read' }
      if (tools === undefined) return { skipped: 'nothing tells the scopes of the tools' }
      return lackingScopes(caller, tools, facts)
    })(SCOPES),
  ]
  return mergeResults([runChecks('token', checks, {})])
}

function saying(run: Check<object>['run']) {
  return (about: Pick<Check<object>, 'name' | 'title'>): Check<object> => ({ ...about, run })
}
