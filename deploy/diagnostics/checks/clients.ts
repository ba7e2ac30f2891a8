import { dynamicClients, some } from './third-parties.ts'
import { APPLICATIONS_OF_PLAN } from '../options.ts'
import { type Check, fault, type Verdict, warning } from '../check.ts'
import { whyStuck } from './client-access.ts'
import type { Inside } from '../observe/tenant.ts'

const NEAR = 0.8
const CLEAN_UP = 'npm run clients -- --prune --older-than 30d --apply'
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'
const AGAIN =
  'mend what else doctor names (log stream, Management scopes), then disconnect and connect again in ChatGPT, which registers a new client. If the log of log-webhook has client_promote_http_400, make one predefined client: npm run provision -- --iss --predefined --apply'

/** The clients that registered themselves. */
export const CLIENT_CHECKS: readonly Check<Inside>[] = [
  { name: 'number of clients', title: 'there is room for more applications', run: checkNumber },
  { name: 'admitted clients', title: 'every client of ChatGPT is admitted', run: checkAdmitted },
]

function checkAdmitted(seen: Inside): Verdict {
  const { clients } = seen
  if ('failure' in clients) return { skipped: clients.failure.message }
  const stuck = dynamicClients(seen, clients.value)
    .filter(({ isCovered }) => isCovered)
    .flatMap((one) => whyStuck(seen, one))
  if (stuck.length === 0) return []
  return [
    fault({
      id: 'client_not_admitted',
      seen: some(stuck),
      why: 'Its redirect URIs are covered, but it cannot sign people in and get the API: log-webhook did not receive its registration, or could not admit it',
      fix: AGAIN,
      where: APPLICATIONS,
    }),
  ]
}

function checkNumber({ clients, plan }: Inside): Verdict {
  if ('failure' in clients) return { skipped: clients.failure.message }
  const count = clients.value.filter(({ global }) => global !== true).length
  const limits = Object.entries(APPLICATIONS_OF_PLAN).filter(([name]) => name === (plan ?? name))
  const [near] = limits.filter(([, limit]) => count >= limit * NEAR && (plan || count <= limit))
  if (near === undefined) return []
  const [name, limit] = near
  const isFull = plan !== undefined && count >= limit
  const finding = {
    id: isFull ? 'application_limit_reached' : 'application_limit_near',
    seen: `${count} applications; the ${name} plan allows ${limit}${plan === undefined ? ' (name the plan with --plan)' : ''}`,
    why: 'Every connection registers a client. At the limit Auth0 refuses the next one, and no new connection works',
    fix: `${CLEAN_UP}; or one predefined client for all connections: npm run provision -- --iss --predefined --apply`,
    where: APPLICATIONS,
  }
  return [isFull ? fault(finding) : warning(finding)]
}
