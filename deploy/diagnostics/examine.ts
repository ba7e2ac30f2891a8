import { AROUND_CHECKS } from '../auth0/doctor/checks/check-around.ts'
import { BROWSER_CHECKS } from './checks/browsers.ts'
import { CACHING_CHECKS } from './checks/caching.ts'
import { CHALLENGE_CHECKS } from './checks/challenge.ts'
import { CLOCK_CHECKS } from '../auth0/doctor/checks/check-clocks.ts'
import { DESCRIPTION_CHECKS } from './checks/openapi.ts'
import { FRONT_CHECKS } from './checks/edge.ts'
import { HEALTH_CHECKS } from './checks/health.ts'
import { ISSUER_CHECKS } from './checks/issuer.ts'
import { KEY_CHECKS } from './checks/keys.ts'
import { METADATA_CHECKS } from './checks/metadata.ts'
import { REFUSAL_CHECKS } from '../auth0/doctor/checks/check-refusal.ts'
import { SIGN_IN_CHECKS } from '../auth0/doctor/checks/check-sign-in.ts'
import { TOOL_CHECKS } from '../auth0/doctor/checks/check-tools.ts'
import { fault, mergeResults, NO_RESULTS, type Results, runChecks, skipAll } from './check.ts'
import { frontExchanges, type Outside } from './observe/deployment.ts'
import { isAnswer, outcomeOf } from './probe.ts'

const CHECKS = [
  ...FRONT_CHECKS,
  ...CLOCK_CHECKS,
  ...METADATA_CHECKS,
  ...ISSUER_CHECKS,
  ...SIGN_IN_CHECKS,
  ...KEY_CHECKS,
  ...CHALLENGE_CHECKS,
  ...REFUSAL_CHECKS,
  ...BROWSER_CHECKS,
  ...CACHING_CHECKS,
  ...HEALTH_CHECKS,
  ...TOOL_CHECKS,
  ...DESCRIPTION_CHECKS,
  ...AROUND_CHECKS,
]

/** Everything that can be told from outside. A front that is not there is one finding, not thirty. */
export function examineOutside(seen: Outside): Results {
  if (frontExchanges(seen).some(isAnswer)) return runChecks('outside', CHECKS, seen)
  const unreachable = fault({
    id: 'url_unreachable',
    seen: `${seen.origin}: ${outcomeOf(seen.bare)}`,
    why: 'Nothing answers there, so that no client can connect',
    fix: 'check the URL, its DNS entry and certificate (curl -v on it); on this machine: npm start',
    where: seen.origin,
  })
  return mergeResults([
    { ...NO_RESULTS, findings: [{ group: 'outside', ...unreachable }] },
    skipAll('outside', CHECKS, 'the front does not answer'),
  ])
}
