import type { Management as Auth0 } from 'auth0'
import { isStrict } from '../../../shared/auth0/registered-client.ts'
import { asDynamicClient } from '../../auth0/clients/dynamic-client.ts'
import { isOurs } from '../../auth0/plan/client-grants.ts'
import type { Check, CheckOutcome } from '../check.ts'
import { CLIENT_GRANTS_OF_PLAN } from '../observe/access.ts'
import type { TenantObservation } from '../observe/tenant.ts'
import { type AccessClient, firstLines, hasGrant, needsGrant } from './client-access.ts'
import { nearLimit } from './clients.ts'

/** The client grants for the API. */
export const GRANT_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'grants of clients',
    title: 'Client grants have the scopes of the tools',
    run: checkScopes,
  },
  {
    name: 'grants of other clients',
    title: 'Predefined and imported clients have a client grant',
    run: checkOperatorClients,
  },
  { name: 'number of grants', title: 'The plan allows more client grants', run: checkNumber },
]

/** A client's own grant replaces the default grant, so it must have all scopes of the catalogue. */
function checkScopes({ grants, clients, desired }: TenantObservation): CheckOutcome {
  if ('failure' in grants) return { skipped: grants.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  const ours = new Set(
    clients.value.filter((one) => isOurs(one, desired)).map(({ client_id: id }) => id),
  )
  const missing = grants.value.flatMap((grant) => {
    if (!ours.has(grant.client_id) || grant.subject_type === 'client') return []
    if (grant.allow_all_scopes === true) return []
    const missing = desired.scopes
      .map(({ value }) => value)
      .filter((scope) => !grant.scope?.includes(scope))
    return missing.length === 0
      ? []
      : [`${grant.client_id} lacks ${missing.join(' ')} in its client grant ${grant.id}`]
  })
  return missing.length === 0 ? [] : [{ id: 'client_grant_scopes', seen: firstLines(missing) }]
}

/** Clients that an operator created or imported; registered clients have a check of their own. */
function checkOperatorClients(observed: TenantObservation): CheckOutcome {
  const { clients, grants, desired, config } = observed
  if ('failure' in grants) return { skipped: grants.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  const { mayRedirectTo } = config.provision
  const missing = clients.value
    .filter((one) => isOurs(one, desired) && asDynamicClient(one, mayRedirectTo) === undefined)
    .filter((one) => {
      const client = toAccessClient(one)
      return needsGrant(observed, client) && !hasGrant(observed, client)
    })
    .map(({ name, client_id: id }) => `${name ?? 'unnamed'} (${id})`)
  if (missing.length === 0) return []
  const seen = `no client grant for the API: ${firstLines(missing)}`
  return [{ id: 'client_grant_missing', seen }]
}

function toAccessClient(client: Auth0.Client): AccessClient {
  return {
    clientId: client.client_id ?? '',
    mode: isStrict(client) ? 'strict' : 'permissive',
    isPromoted: client.is_first_party === true,
  }
}

function checkNumber({ access: { grantCount }, subscription }: TenantObservation): CheckOutcome {
  if ('skipped' in grantCount) return grantCount
  const near = nearLimit(grantCount.value, CLIENT_GRANTS_OF_PLAN, subscription)
  if (near === undefined) return []
  const seen = `${grantCount.value} client grants; ${near.described}`
  return [{ id: near.isFull ? 'client_grant_limit_reached' : 'client_grant_limit_near', seen }]
}
