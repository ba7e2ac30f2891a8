import { asDynamicClient } from '../../clients/dynamic-client.ts'
import { type Check, fault, type Verdict, warning } from '../finding.ts'
import type { Inside } from '../observe-inside.ts'
import { isPredefined } from './check-refresh-tokens.ts'
import { CLIENT_GRANTS_OF_PLAN } from './observe-access.ts'

const NEAR = 0.8
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'

/** The client grants for the API. */
export const GRANT_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'grants of clients',
    title: 'their grants have the scopes of the tools',
    run: checkScopes,
  },
  { name: 'number of grants', title: 'there is room for more client grants', run: checkNumber },
]

/** A grant of a client goes before the default grant, so it must keep up with the catalogue. */
function checkScopes(seen: Inside): Verdict {
  const { grants, clients, desired, config } = seen
  if ('failure' in grants) return { skipped: grants.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  const { mayRedirectTo } = config.provision
  const ours = new Set(
    clients.value
      .filter(
        (client) =>
          asDynamicClient(client, mayRedirectTo)?.isCovered === true || isPredefined(client, seen),
      )
      .map(({ client_id: id }) => id),
  )
  const lacking = grants.value.flatMap((grant) => {
    if (!ours.has(grant.client_id) || grant.subject_type === 'client') return []
    if (grant.allow_all_scopes === true) return []
    const missing = desired.scopes
      .map(({ value }) => value)
      .filter((scope) => !grant.scope?.includes(scope))
    return missing.length === 0
      ? []
      : [`${grant.client_id} lacks ${missing.join(' ')} in its client grant ${grant.id}`]
  })
  if (lacking.length === 0) return []
  return [
    fault({
      id: 'client_grant_scopes',
      seen: lacking.slice(0, 5).join('; '),
      why: 'A client that was admitted before a tool was added cannot call it: insufficient_scope',
      fix: 'npm run provision -- --apply adds the scopes to the client grants; ChatGPT then asks the person for the new scopes',
      where: `${APPLICATIONS} > the application > APIs`,
    }),
  ]
}

function checkNumber({ access: { grantCount }, plan }: Inside): Verdict {
  if ('skipped' in grantCount) return grantCount
  const limits = Object.entries(CLIENT_GRANTS_OF_PLAN).filter(([name]) => name === (plan ?? name))
  const count = grantCount.value
  const [near] = limits.filter(([, limit]) => count >= limit * NEAR && (plan || count <= limit))
  if (near === undefined) return []
  const [name, limit] = near
  const isFull = plan !== undefined && count >= limit
  const finding = {
    id: isFull ? 'client_grant_limit_reached' : 'client_grant_limit_near',
    seen: `${count} client grants; the ${name} plan allows ${limit}${plan === undefined ? ' (name the plan with --plan)' : ''}`,
    why: 'Each admitted client has a client grant. At the limit Auth0 refuses the next grant, and no new client can connect',
    fix: 'npm run clients -- --prune --older-than 30d --apply deletes clients that are not in use, with their grants; one predefined client needs one grant for all connections',
    where: APPLICATIONS,
  }
  return [isFull ? fault(finding) : warning(finding)]
}
