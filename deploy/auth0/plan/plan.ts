import { PROVISION_SCOPES, SCOPES } from '../../kit/management-scopes.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { isSystemApi, planApi } from './api.ts'
import { planCimd } from './cimd-client.ts'
import { planClientGrants } from './client-grants.ts'
import { planConnections } from './connections.ts'
import { planDefaultGrant } from './default-grant.ts'
import { linked } from './dependencies.ts'
import { planTokenExchange } from './exchange.ts'
import type { PlanItem, ProvisionStep } from './item.ts'
import { planLogStream } from './log-stream.ts'
import { planOrganization } from './organization.ts'
import { planPredefinedClient } from './predefined-client.ts'
import { planRefreshTokens } from './refresh-tokens.ts'
import { planRole } from './role.ts'
import { planRegistration, planSettings } from './tenant.ts'

/** Returns the planned action for each object that this system depends on. Pure; contains no secret. */
export function planTenant(desired: DesiredState, snapshot: TenantSnapshot): readonly PlanItem[] {
  return planSteps(desired, snapshot).map(({ item }) => item)
}

/**
 * Returns the plan with its calls in order and their dependencies. The bodies contain secrets.
 */
export function planSteps(
  desired: DesiredState,
  snapshot: TenantSnapshot,
): readonly ProvisionStep[] {
  const api = planApi(desired, snapshot)
  const logStream = planLogStream(desired, snapshot)
  const defaultGrant = planDefaultGrant(desired, snapshot)
  const clientGrants = planClientGrants(desired, snapshot)
  // The order keeps the tenant safe if a run is interrupted, and the next run can continue. Objects are
  // created before objects that refer to them. Admitted clients get their own grants before the default
  // grant is removed. Scopes are removed from grants before they are removed from the API. Registration,
  // which is open to strangers, is turned on last.
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
    ...planTokenExchange(desired, snapshot),
    ...planRole(desired, snapshot),
    ...planOrganization(desired, snapshot),
    ...clientGrants.removals,
    ...defaultGrant.removals,
    ...api.removals,
    planRegistration(desired, snapshot, logStream),
  ].map((step) => blockIfScopeMissing(step, snapshot.grantedScopes))
  if (!isSystemApi(snapshot)) return steps
  return steps.flatMap((step) => linked([step], step.key ?? '', ['api']))
}

/** Returns the Management scopes that the plan requires and the token lacks, sorted. */
export function missingScopes(steps: readonly ProvisionStep[], snapshot: TenantSnapshot): string[] {
  const { grantedScopes, connections, exchanges, ...readings } = snapshot
  const states = [...connections, ...exchanges].map(({ state }) => state)
  const refused = [...Object.values(readings), ...states].flatMap((reading) =>
    'failure' in reading && reading.failure.kind === 'scope-missing' ? [reading.failure.scope] : [],
  )
  const notGranted = steps.flatMap(({ change }) =>
    change === undefined ? [] : missingScope(SCOPES[change.call], grantedScopes),
  )
  return [...new Set<string>([...refused, ...notGranted])].sort()
}

/** Reports a missing scope before the first call instead of during the run. */
function blockIfScopeMissing(
  step: ProvisionStep,
  granted: TenantSnapshot['grantedScopes'],
): ProvisionStep {
  if (step.change === undefined) return step
  const [scope] = missingScope(SCOPES[step.change.call], granted)
  if (scope === undefined) return step
  const { item, change: _, ...rest } = step
  if (item.action === 'keep' || item.action === 'report') return { item, ...rest }
  return {
    ...step,
    item: { ...item, action: 'blocked', why: `The Management scope ${scope} is missing` },
  }
}

function missingScope(scope: string, granted: TenantSnapshot['grantedScopes']): string[] {
  // Without any scope of this command, the token response is not a reliable list.
  const namesKnownScopes =
    granted?.some((one) => PROVISION_SCOPES.some((existingInfo) => existingInfo === one)) === true
  return namesKnownScopes && !granted.includes(scope) ? [scope] : []
}
