import { PROVISION_SCOPES, SCOPES } from '../../kit/management-scopes.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { isSystemApi, planApi } from './api.ts'
import { planCimd } from './cimd-client.ts'
import { planClientGrants } from './client-grants.ts'
import { planConnections } from './connections.ts'
import { planDefaultGrant } from './default-grant.ts'
import { linked } from './dependencies.ts'
import { planExchange } from './exchange.ts'
import type { PlanItem, Step } from './item.ts'
import { planLogStream } from './log-stream.ts'
import { planOrganization } from './organization.ts'
import { planPredefinedClient } from './predefined-client.ts'
import { planRefreshTokens } from './refresh-tokens.ts'
import { planRole } from './role.ts'
import { planRegistration, planSettings } from './tenant.ts'

/** What is to become of each thing that this system depends on. Pure; holds no secret. */
export function planTenant(desired: DesiredState, snapshot: TenantSnapshot): readonly PlanItem[] {
  return planSteps(desired, snapshot).map(({ item }) => item)
}

/**
 * The plan with the calls that carry it out, in their order, and what each depends on. The bodies hold
 * secrets.
 */
export function planSteps(desired: DesiredState, snapshot: TenantSnapshot): readonly Step[] {
  const api = planApi(desired, snapshot)
  const logStream = planLogStream(desired, snapshot)
  const defaultGrant = planDefaultGrant(desired, snapshot)
  const clientGrants = planClientGrants(desired, snapshot)
  // Interrupted anywhere, the tenant lets in no client that is not to be let in, and the next run
  // goes on: what is referred to comes before what refers to it, admitted clients have their own
  // grants before the default one goes, a scope is taken from the grants before it is taken from the
  // API, and registration, which lets strangers act, is opened last.
  const steps = [
    ...api.settings,
    ...planSettings(desired, snapshot),
    logStream,
    ...planConnections(desired, snapshot),
    ...planCimd(desired, snapshot),
    ...planPredefinedClient(desired, snapshot),
    ...clientGrants.settings,
    ...planRefreshTokens(desired, snapshot),
    ...defaultGrant.settings,
    ...planExchange(desired, snapshot),
    ...planRole(desired, snapshot),
    ...planOrganization(desired, snapshot),
    ...clientGrants.removals,
    ...defaultGrant.removals,
    ...api.removals,
    planRegistration(desired, snapshot, logStream),
  ].map((step) => withoutPermission(step, snapshot.grantedScopes))
  if (!isSystemApi(snapshot)) return steps
  return steps.flatMap((step) => linked([step], step.key ?? '', ['api']))
}

/** The Management scopes that stand in the way of the plan, sorted. */
export function missingScopes(steps: readonly Step[], snapshot: TenantSnapshot): string[] {
  const { grantedScopes, connections, exchanges, ...readings } = snapshot
  const states = [...connections, ...exchanges].map(({ state }) => state)
  const refused = [...Object.values(readings), ...states].flatMap((reading) =>
    'failure' in reading && reading.failure.kind === 'scope-missing' ? [reading.failure.scope] : [],
  )
  const lacking = steps.flatMap(({ change }) =>
    change === undefined ? [] : lackingScope(SCOPES[change.call], grantedScopes),
  )
  return [...new Set<string>([...refused, ...lacking])].sort()
}

/** Better to say so before the first call than after half of them. */
function withoutPermission(step: Step, granted: TenantSnapshot['grantedScopes']): Step {
  if (step.change === undefined) return step
  const [scope] = lackingScope(SCOPES[step.change.call], granted)
  if (scope === undefined) return step
  const { item, change: _, ...rest } = step
  if (item.action === 'keep' || item.action === 'report') return { item, ...rest }
  return {
    ...step,
    item: { ...item, action: 'blocked', why: `The Management scope ${scope} is missing` },
  }
}

function lackingScope(scope: string, granted: TenantSnapshot['grantedScopes']): string[] {
  // A token response that names nothing of what this command uses says nothing about it.
  const isTold = granted?.some((one) => PROVISION_SCOPES.some((known) => known === one)) === true
  return isTold && !granted.includes(scope) ? [scope] : []
}
