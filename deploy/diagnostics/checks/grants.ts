import type { Management as Auth0 } from 'auth0'
import { isStrict } from '../../../shared/auth0/registered-client.ts'
import { asDynamicClient } from '../../auth0/clients/dynamic-client.ts'
import { isOurs } from '../../auth0/plan/client-grants.ts'
import { type Check, fault, type Verdict, warning } from '../check.ts'
import { hasGrant, needsGrant, type Who } from './client-access.ts'
import type { Inside } from '../observe/tenant.ts'
import { CLIENT_GRANTS_OF_PLAN } from '../observe/access.ts'

const NEAR = 0.8
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'

/** The client grants for the API. */
export const GRANT_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'grants of clients',
    title: 'their grants have the scopes of the tools',
    run: checkScopes,
  },
  {
    name: 'grants of other clients',
    title: 'predefined and imported clients have their grants',
    run: checkOperatorClients,
  },
  { name: 'number of grants', title: 'there is room for more client grants', run: checkNumber },
]

/** A grant of a client goes before the default grant, so it must keep up with the catalogue. */
function checkScopes(seen: Inside): Verdict {
  const { grants, clients, desired } = seen
  if ('failure' in grants) return { skipped: grants.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  const ours = new Set(
    clients.value.filter((one) => isOurs(one, desired)).map(({ client_id: id }) => id),
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

/** Clients that an operator made or imported; those that registered are checked by themselves. */
function checkOperatorClients(seen: Inside): Verdict {
  const { clients, grants, desired, config } = seen
  if ('failure' in grants) return { skipped: grants.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  const { mayRedirectTo } = config.provision
  const lacking = clients.value
    .filter((one) => isOurs(one, desired) && asDynamicClient(one, mayRedirectTo) === undefined)
    .filter((one) => {
      const who = whoIs(one)
      return needsGrant(seen, who) && !hasGrant(seen, who)
    })
    .map(({ name, client_id: id }) => `${name ?? 'unnamed'} (${id})`)
  if (lacking.length === 0) return []
  return [
    fault({
      id: 'client_grant_missing',
      seen: `no client grant for the API: ${lacking.slice(0, 5).join('; ')}`,
      why: 'Auth0 issues these clients no token for the API: unauthorized_client',
      fix: 'npm run provision -- --apply',
      where: `${APPLICATIONS} > the application > APIs`,
    }),
  ]
}

function whoIs(client: Auth0.Client): Who {
  return {
    clientId: client.client_id ?? '',
    mode: isStrict(client) ? 'strict' : 'permissive',
    isPromoted: client.is_first_party === true,
  }
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
