import type { DesiredState } from './desired-state.ts'
import { PROVISION_SCOPES, SCOPE_OF_CHANGE } from './management-scopes.ts'
import { planApi } from './plan-api.ts'
import { planCimdClient } from './plan-cimd-client.ts'
import { planConnections } from './plan-connections.ts'
import { planDefaultGrant } from './plan-default-grant.ts'
import type { PlanItem, Step } from './plan-item.ts'
import { planLogStream } from './plan-log-stream.ts'
import { planPredefinedClient } from './plan-predefined-client.ts'
import { planRegistration, planSettings } from './plan-tenant.ts'
import type { TenantSnapshot } from './read-tenant.ts'

/** What is to become of each thing that this system depends on. Pure; holds no secret. */
export function planTenant(desired: DesiredState, snapshot: TenantSnapshot): readonly PlanItem[] {
  return planSteps(desired, snapshot).map(({ item }) => item)
}

/** The plan with the calls that carry it out, in their order. The bodies hold secrets. */
export function planSteps(desired: DesiredState, snapshot: TenantSnapshot): readonly Step[] {
  const [api, ...apiScopes] = planApi(desired, snapshot)
  const [grant, ...grantScopes] = planDefaultGrant(desired, snapshot)
  // Interrupted anywhere, the tenant lets nobody in who is not to be let in, and the next run goes
  // on: what is referred to comes before what refers to it, log-webhook hears of registrations
  // before there can be any, a scope is taken from the grant before it is taken from the API, and
  // registration, which lets strangers act, is opened last.
  const steps = [
    api,
    planSettings(desired, snapshot),
    planLogStream(desired, snapshot),
    grant,
    ...planConnections(desired, snapshot),
    ...planCimdClient(desired, snapshot),
    ...planPredefinedClient(desired, snapshot),
    ...grantScopes,
    ...apiScopes,
    planRegistration(snapshot),
  ].filter((step) => step !== undefined)
  return steps.map((step) => withoutPermission(step, snapshot.grantedScopes))
}

/** The Management scopes that stand in the way of the plan, sorted. */
export function missingScopes(steps: readonly Step[], snapshot: TenantSnapshot): string[] {
  const { grantedScopes, connections, ...readings } = snapshot
  const refused = [...Object.values(readings), ...connections.map(({ state }) => state)].flatMap(
    (reading) =>
      'failure' in reading && reading.failure.kind === 'scope-missing'
        ? [reading.failure.scope]
        : [],
  )
  const lacking = steps.flatMap(({ change }) =>
    change === undefined ? [] : lackingScope(SCOPE_OF_CHANGE[change.call], grantedScopes),
  )
  return [...new Set<string>([...refused, ...lacking])].sort()
}

/** Better to say so before the first call than after half of them. */
function withoutPermission(step: Step, granted: TenantSnapshot['grantedScopes']): Step {
  if (step.change === undefined) return step
  const [scope] = lackingScope(SCOPE_OF_CHANGE[step.change.call], granted)
  if (scope === undefined) return step
  const { change, item } = step
  return {
    item: { ...item, action: 'blocked', why: `The Management scope ${scope} is missing` },
    change,
  }
}

function lackingScope(scope: string, granted: TenantSnapshot['grantedScopes']): string[] {
  // A token response that names nothing of what this command uses says nothing about it.
  const isTold = granted?.some((one) => PROVISION_SCOPES.some((known) => known === one)) === true
  return isTold && !granted.includes(scope) ? [scope] : []
}
