import type { Management as Auth0 } from 'auth0'
import { EXCHANGE_TYPE } from '../../auth0/plan/exchange.ts'
import type { TokenExchangeState } from '../../auth0/read-tenant.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { TenantObservation } from '../observe/tenant.ts'

type TokenExchange = TenantObservation['desired']['exchanges'][number]

const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'

/** Token exchange for tools with `backendAuth` `on_behalf_of`, if the catalogue was passed. */
export const EXCHANGE_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'token exchange',
    title: 'Tokens can be exchanged for the backends',
    run: checkExchange,
  },
]

function checkExchange(observed: TenantObservation): CheckOutcome {
  const { desired, snapshot, clients } = observed
  if (desired.exchanges.length === 0) return []
  if ('failure' in clients) return { skipped: clients.failure.message }
  const existing = 'value' in snapshot.exchangeClient ? snapshot.exchangeClient.value : undefined
  const { oboClientId: named } = observed.config
  const client =
    named === undefined ? existing : clients.value.find(({ client_id: id }) => id === named)
  const ofClient = clientFaults(client, existing, observed)
  const [failure] = snapshot.exchanges.flatMap(({ state }) =>
    'failure' in state ? [state.failure.message] : [],
  )
  if (failure !== undefined && ofClient.length === 0) return { skipped: failure }
  return [...ofClient, ...desired.exchanges.flatMap((one) => apiFaults(one, client, observed))]
}

function clientFaults(
  client: Auth0.Client | undefined,
  existing: Auth0.Client | undefined,
  { desired, config: { oboClientId: named } }: TenantObservation,
): Observed[] {
  if (client === undefined) {
    const seen =
      named === undefined
        ? `no client of the type resource_server is linked to ${desired.audience}`
        : `no client has the id in OBO_CLIENT_ID, ${named}`
    const details = { clientId: existing?.client_id }
    return [{ id: 'exchange_client_missing', seen, details }]
  }
  const { client_id: id, name = 'unnamed', app_type: type } = client
  const where = `${APPLICATIONS} > ${name}`
  const subject = `${name} (${id})`
  if (type !== 'resource_server') {
    const seen = `${subject} is of the type ${type ?? '(none)'}, not resource_server`
    return [{ id: 'exchange_client_type', seen, where }]
  }
  const { resource_server_identifier: linked = '(none)' } = client
  if (linked !== desired.audience) {
    const seen = `${subject} is linked to the API ${linked}, and tokens are for ${desired.audience}`
    return [{ id: 'exchange_client_api', seen, where }]
  }
  const found: Observed[] = []
  if (!(client.token_exchange?.allow_any_profile_of_type ?? []).includes(EXCHANGE_TYPE)) {
    const seen = `${subject}: token_exchange.allow_any_profile_of_type lacks ${EXCHANGE_TYPE}`
    found.push({ id: 'exchange_not_allowed', seen })
  }
  if (client.token_endpoint_auth_method === 'none') {
    const seen = `${subject}: token_endpoint_auth_method is none`
    found.push({ id: 'exchange_client_public', seen, where })
  }
  return found
}

function apiFaults(
  exchange: TokenExchange,
  client: Auth0.Client | undefined,
  observed: TenantObservation,
): Observed[] {
  const { audience, scopes = [], tools } = exchange
  const reading = observed.snapshot.exchanges.find((one) => one.audience === audience)?.state
  if (reading === undefined || 'failure' in reading) return []
  const { api } = reading.value
  const affected = `(${tools.join(', ')})`
  if (api === undefined) {
    const seen = `no API has the identifier ${audience} ${affected}`
    return [{ id: 'exchange_api_missing', seen }]
  }
  const found: Observed[] = []
  if (api.subject_type_authorization?.user?.policy === 'deny_all') {
    const seen = `${audience} allows no access on behalf of users ${affected}`
    found.push({ id: 'exchange_api_user_access', seen })
  }
  const existing = (api.scopes ?? []).map(({ value }) => value)
  const missing = scopes.filter((scope) => !existing.includes(scope))
  if (missing.length > 0) {
    const seen = `${audience} has no permission ${missing.join(', ')} ${affected}`
    found.push({ id: 'exchange_api_scope_missing', seen })
  }
  return [...found, ...grantFaults(exchange, client, reading.value, observed)]
}

function grantFaults(
  { audience, scopes, tools }: TokenExchange,
  client: Auth0.Client | undefined,
  { grants, api }: TokenExchangeState,
  { desired }: TenantObservation,
): Observed[] {
  if (client?.client_id === undefined) return []
  const grant = grants.find((one) => one.client_id === client.client_id)
  const subject = client.name ?? desired.exchangeName
  const affected = `(${tools.join(', ')})`
  if (grant === undefined) {
    const seen = `${subject} has no client grant for ${audience} on behalf of users ${affected}`
    return [{ id: 'exchange_grant_missing', seen }]
  }
  if (grant.allow_all_scopes === true) return []
  const needed = scopes ?? (api?.scopes ?? []).map(({ value }) => value)
  const missing = needed.filter((scope) => !grant.scope?.includes(scope))
  if (missing.length === 0) return []
  const seen = `the client grant of ${subject} for ${audience} lacks ${missing.join(', ')} ${affected}`
  return [{ id: 'exchange_grant_scope', seen }]
}
