import type { Failure } from '../auth0/reading.ts'
import { type Results, runChecks, skipAll } from './check.ts'
import { BROWSER_CHECKS } from './checks/browsers.ts'
import { CACHING_CHECKS } from './checks/caching.ts'
import { CHALLENGE_CHECKS } from './checks/challenge.ts'
import { CLIENT_CHECKS } from './checks/clients.ts'
import { DIRECT_ACCESS_CHECKS, EDGE_CHECKS } from './checks/edge.ts'
import { GRANT_CHECKS } from './checks/grants.ts'
import { HEALTH_CHECKS } from './checks/health.ts'
import { ISSUER_CHECKS } from './checks/issuer.ts'
import { KEY_CHECKS } from './checks/keys.ts'
import { DELIVERY_CHECKS } from './checks/log-stream.ts'
import { METADATA_CHECKS } from './checks/metadata.ts'
import { OPENAPI_CHECKS } from './checks/openapi.ts'
import { PEOPLE_CHECKS } from './checks/people.ts'
import { PLAN_CHECKS } from './checks/plan.ts'
import { compareVariables, LOGIN_CHECKS, TENANT_CHECKS } from './checks/tenant.ts'
import { THIRD_PARTY_CHECKS } from './checks/third-parties.ts'
import { EXCHANGE_CHECKS } from './checks/token-exchange.ts'
import { type DeploymentObservation, edgeResults } from './observe/deployment.ts'
import type { TenantObservation } from './observe/tenant.ts'
import type { NoTenantConfig } from './observe/tenant-config.ts'
import { isResponse, outcomeOf } from './probe-result.ts'

const DEPLOYMENT_CHECKS = [
  ...EDGE_CHECKS,
  ...METADATA_CHECKS,
  ...ISSUER_CHECKS,
  ...KEY_CHECKS,
  ...CHALLENGE_CHECKS,
  ...BROWSER_CHECKS,
  ...CACHING_CHECKS,
  ...HEALTH_CHECKS,
  ...OPENAPI_CHECKS,
  ...DIRECT_ACCESS_CHECKS,
]
const TENANT_GROUP_CHECKS = [
  ...TENANT_CHECKS,
  ...PLAN_CHECKS,
  ...DELIVERY_CHECKS,
  ...LOGIN_CHECKS,
  ...CLIENT_CHECKS,
  ...THIRD_PARTY_CHECKS,
  ...GRANT_CHECKS,
  ...PEOPLE_CHECKS,
  ...EXCHANGE_CHECKS,
]
const VARIABLES = {
  name: 'variables',
  title: 'The variables of this command are those of the deployment',
}

/** Runs all checks of a deployment. A deployment that does not respond is a single finding. */
export function examineDeployment(observed: DeploymentObservation): Results {
  if (edgeResults(observed).some(isResponse)) {
    return runChecks('outside', DEPLOYMENT_CHECKS, observed)
  }
  const { origin: where, unauthenticated } = observed
  return skipAll('outside', DEPLOYMENT_CHECKS, 'the deployment does not respond', [
    { id: 'url_unreachable', seen: `${where}: ${outcomeOf(unauthenticated)}`, where },
  ])
}

/** Runs all checks of a tenant. */
export function examineTenant(
  observed: TenantObservation,
  deployment: DeploymentObservation,
): Results {
  const variables = { ...VARIABLES, run: () => compareVariables(observed, deployment) }
  return runChecks('inside', [variables, ...TENANT_GROUP_CHECKS], observed)
}

/** Skips the checks of the tenant, because its variables are missing or invalid. */
export function skipTenant({ reason, faults }: NoTenantConfig): Results {
  const found = { id: 'variables_refused', seen: faults.join('; ') } as const
  const checks = [VARIABLES, ...TENANT_GROUP_CHECKS]
  return skipAll('inside', checks, reason, faults.length === 0 ? [] : [found])
}

/** Skips the checks of the tenant, because Auth0 issued no token or did not respond. */
export function failTenant({ kind, message: seen, status }: Failure): Results {
  return skipAll('inside', [VARIABLES, ...TENANT_GROUP_CHECKS], seen, [
    kind === 'no-token'
      ? { id: 'management_credentials_refused', seen }
      : { id: 'management_api_unavailable', seen, details: { status } },
  ])
}
