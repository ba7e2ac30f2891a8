import type { Failure } from '../../reading.ts'
import { CIMD_CHECKS } from '../access/check-cimd.ts'
import { EXCHANGE_CHECKS } from '../../../diagnostics/checks/token-exchange.ts'
import { GRANT_CHECKS } from '../../../diagnostics/checks/grants.ts'
import { LOGIN_CHECKS } from '../access/check-login.ts'
import { ORGANIZATION_CHECKS } from '../access/check-organizations.ts'
import { PEOPLE_CHECKS } from '../../../diagnostics/checks/people.ts'
import { PREDEFINED_CHECKS } from '../access/check-predefined.ts'
import { REFRESH_TOKEN_CHECKS } from '../access/check-refresh-tokens.ts'
import { THIRD_PARTY_CHECKS } from '../../../diagnostics/checks/third-parties.ts'
import { CLIENT_CHECKS } from '../../../diagnostics/checks/clients.ts'
import { DELIVERY_CHECKS } from '../checks/check-deliveries.ts'
import { PLAN_CHECKS } from '../../../diagnostics/checks/plan.ts'
import { TENANT_CHECKS } from '../../../diagnostics/checks/tenant.ts'
import { compareVariables } from '../checks/check-variables.ts'
import {
  fault,
  mergeResults,
  NO_RESULTS,
  type Results,
  runChecks,
  skipAll,
} from '../../../diagnostics/check.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'
import { firstRemedyFor } from '../remedy.ts'
import type { NoInsideConfig } from '../../../diagnostics/observe/tenant-config.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'

const CHECKS = [
  ...TENANT_CHECKS,
  ...PLAN_CHECKS,
  ...DELIVERY_CHECKS,
  ...LOGIN_CHECKS,
  ...CLIENT_CHECKS,
  ...CIMD_CHECKS,
  ...THIRD_PARTY_CHECKS,
  ...GRANT_CHECKS,
  ...PREDEFINED_CHECKS,
  ...REFRESH_TOKEN_CHECKS,
  ...PEOPLE_CHECKS,
  ...ORGANIZATION_CHECKS,
  ...EXCHANGE_CHECKS,
]
const VARIABLES = { name: 'variables', title: 'the variables are those of the deployment' }

/** Everything that can be told from inside. */
export function examineInside(seen: Inside, outside: Outside): Results {
  const variables = { ...VARIABLES, run: () => compareVariables(seen, outside) }
  return runChecks('inside', [variables, ...CHECKS], seen)
}

/** The tenant cannot be examined: the credentials are missing or invalid. */
export function skipInside({ reason, faults }: NoInsideConfig): Results {
  const skipped = skipAll('inside', [VARIABLES, ...CHECKS], reason)
  if (faults.length === 0) return skipped
  return withFinding(skipped, {
    id: 'variables_refused',
    seen: faults.join('; '),
    why: 'The functions do not start with such variables',
    fix: 'correct them in the environment of this command and in .env.yaml; .env.yaml.sample documents each',
  })
}

/** Auth0 gave no token, or did not answer. */
export function failInside({ kind, message, status }: Failure): Results {
  const isToken = kind === 'no-token'
  return withFinding(skipAll('inside', [VARIABLES, ...CHECKS], message), {
    id: isToken ? 'management_credentials_refused' : 'management_api_unavailable',
    seen: message,
    why: 'log-webhook cannot admit clients without the Management API',
    fix: isToken
      ? 'take MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET from the settings of the machine-to-machine application, and authorize it for the Auth0 Management API'
      : firstRemedyFor(status),
    where: 'Auth0 dashboard: Applications > Applications > the machine-to-machine application',
  })
}

function withFinding(results: Results, finding: Parameters<typeof fault>[0]): Results {
  return mergeResults([
    { ...NO_RESULTS, findings: [{ group: 'inside', ...fault(finding) }] },
    results,
  ])
}
