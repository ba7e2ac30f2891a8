import type { DynamicClient } from '../../auth0/clients/dynamic-client.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { TenantObservation } from '../observe/tenant.ts'
import {
  defaultGrants,
  describeClient,
  dynamicClients,
  firstLines,
  hasAccess,
  isPartlyCovered,
  isServedByGrant,
  isShared,
  userPolicy,
} from './client-access.ts'

/** Checks of third-party clients' access to the API (THIRD_PARTY_ACCESS). */
export const THIRD_PARTY_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'third-party access',
    title: 'Only admitted clients have access to the API',
    run: checkAccess,
  },
  {
    name: 'foreign clients',
    title: 'No client with a foreign redirect URI has access',
    run: withDynamicClients((clients, observed) => {
      // With `open` every third-party client has access, which is a separate warning.
      if (observed.config.provision.THIRD_PARTY_ACCESS === 'open') return []
      const foreign = clients.filter((one) => !one.isCovered && hasAccess(observed, one))
      if (foreign.length === 0) return []
      return [{ id: 'foreign_client_access', seen: firstLines(foreign.map(describeClient)) }]
    }),
  },
  {
    name: 'redirect URIs',
    title: 'No client of ChatGPT has a foreign redirect URI as well',
    run: ({ clients, config }) => {
      if ('failure' in clients) return { skipped: clients.failure.message }
      const lines = clients.value
        .filter(({ global }) => global !== true)
        .filter((client) => isPartlyCovered(client, config.provision.mayRedirectTo))
        .map(({ name = '', client_id: clientId = '', callbacks: redirectUris = [] }) =>
          describeClient({ name, clientId, redirectUris }),
        )
      return lines.length === 0 ? [] : [{ id: 'foreign_redirect_uri', seen: firstLines(lines) }]
    },
  },
  {
    name: 'promotion',
    title: 'Auth0 makes permissive clients first-party',
    run: withDynamicClients((clients, observed) => {
      const served = clients.filter((one) => one.isCovered && isServedByGrant(observed, one))
      if (served.length === 0) return []
      const canSignIn = served.every((one) => hasAccess(observed, one)) ? 'yes' : 'no'
      const seen = firstLines(served.map(describeClient))
      return [{ id: 'promotion_refused', seen, details: { canSignIn } }]
    }),
  },
]

function withDynamicClients(
  run: (clients: readonly DynamicClient[], observed: TenantObservation) => CheckOutcome,
) {
  return (observed: TenantObservation): CheckOutcome => {
    const { clients } = observed
    if ('failure' in clients) return { skipped: clients.failure.message }
    return run(dynamicClients(observed), observed)
  }
}

function checkAccess(observed: TenantObservation): CheckOutcome {
  const { grants, config } = observed
  if ('failure' in grants) return { skipped: grants.failure.message }
  const hasDefault = defaultGrants(observed).length > 0
  if (config.provision.THIRD_PARTY_ACCESS === 'open') {
    const grant = hasDefault ? ', and the API has a default grant for third-party clients' : ''
    return [{ id: 'third_party_access_open', seen: `THIRD_PARTY_ACCESS is open${grant}` }]
  }
  const seen =
    'the API has a default grant for third-party clients, while THIRD_PARTY_ACCESS is admitted'
  return [
    ...(hasDefault ? [{ id: 'default_grant_present', seen } as const] : []),
    ...permissiveFaults(observed),
  ]
}

/** With `allow_all`, a permissive third-party client needs no grant, only a connection. */
function permissiveFaults(observed: TenantObservation): Observed[] {
  if (!isShared(observed) || userPolicy(observed) !== 'allow_all') return []
  if (dynamicClients(observed).every(({ mode }) => mode !== 'permissive')) return []
  return [
    {
      id: 'permissive_clients_unrestricted',
      seen: 'the login connection is at domain level, the API allows user access without a client grant, and the tenant has permissive third-party clients',
    },
  ]
}
