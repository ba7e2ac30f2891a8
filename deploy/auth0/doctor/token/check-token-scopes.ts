import { isOpen } from '../../../../shared/catalogue/access.ts'
import type { Caller } from '../../../../shared/oauth/claims.ts'
import type { Finding } from '../../../diagnostics/check.ts'
import type { ToolScopes } from '../../../diagnostics/observe/openapi-tools.ts'
import { stringsIn } from '../../../diagnostics/exchange.ts'
import type { TokenFacts } from '../../../diagnostics/token-reader.ts'

/** Which tools the caller may not call, and for want of which scopes; none when all may be called. */
export function lackingScopes(
  caller: Caller,
  tools: ToolScopes,
  facts: TokenFacts,
): readonly Finding[] {
  const lacking = [...tools].flatMap(([tool, rule]) => {
    const needed = isOpen(rule) ? [] : rule.scopes
    const missing = needed.filter((scope) => !caller.scopes.has(scope))
    return missing.length === 0 ? [] : [{ tool, missing }]
  })
  if (lacking.length === 0) return []
  const scopes = [...new Set(lacking.flatMap(({ missing }) => missing))].sort()
  const isUnassigned = stringsIn(facts.claims?.['permissions'])?.length === 0
  return [
    {
      id: isUnassigned ? 'permissions_unassigned' : 'insufficient_scope',
      // A person with some of the permissions is no fault; one with none is.
      severity: lacking.length === tools.size ? 'error' : 'warning',
      seen: lacking.map(({ tool, missing }) => `${tool} lacks ${missing.join(' ')}`).join('; '),
      ...causeOf(scopes, facts),
    },
  ]
}

function causeOf(
  scopes: readonly string[],
  { claims }: TokenFacts,
): Pick<Finding, 'why' | 'fix' | 'where'> {
  const granted = typeof claims?.['scope'] === 'string' ? claims['scope'].split(' ') : []
  const permissions = stringsIn(claims?.['permissions'])
  if (permissions === undefined) {
    return {
      why: 'The token has no permissions, so RBAC is off for the API, and its scope does not have them either: the client did not ask, or has no grant for them',
      fix: 'npm run provision -- --apply (enables RBAC, adds permissions to the token, gives the clients their grants), then connect again',
      where:
        'Auth0 dashboard: Applications > APIs > RBAC Settings (Enable RBAC, Add Permissions in the Access Token)',
    }
  }
  if (permissions.length === 0) {
    return {
      why: 'The person has no permissions for this API, and with RBAC Auth0 reduces the scopes of a token to the permissions of the person',
      fix: 'assign the person a role that has the permissions (npm run provision -- --apply creates one), then connect again',
      where: 'Auth0 dashboard: User Management > Roles',
    }
  }
  const notAllowed = scopes.filter((scope) => !permissions.includes(scope))
  if (notAllowed.length > 0) {
    return {
      why: `The person does not have the permission ${notAllowed.join(' ')}`,
      fix: 'if the person is to have it, assign it (or a role that has it) in the dashboard; then connect again',
      where: 'Auth0 dashboard: User Management > Users > the person > Permissions',
    }
  }
  const notAsked = scopes.filter((scope) => !granted.includes(scope))
  return {
    why: `The person has the permission, but the client was not granted ${notAsked.join(' ')}: it did not ask (ChatGPT drops scopes when it reconnects), or its client grant lacks them. A permission alone grants nothing`,
    fix: 'npm run provision -- --apply (adds the scopes to the client grants), then disconnect and connect again in ChatGPT. SCOPE_SOURCE=scope-or-permissions counts permissions as granted, which gives clients more than they were granted',
    where: 'Auth0 dashboard: Applications > Applications > the client > APIs',
  }
}
