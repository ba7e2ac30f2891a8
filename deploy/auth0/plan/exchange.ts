import type { Management as Auth0 } from 'auth0'
import type { DesiredState, Exchange } from '../desired-state.ts'
import type { ExchangeState, TenantSnapshot } from '../read-tenant.ts'
import { clientGrantIn } from '../tenant-lookups.ts'
import { linked } from './dependencies.ts'
import { withAll } from './grant-scopes.ts'
import type { Reference, Step } from './item.ts'
import { type About, type Aspect, aspect, changeOrKeep, create, keep, unreadable } from './steps.ts'

type Patch = Auth0.UpdateClientRequestContent

/** What the client must be allowed, beside all else that it may be. */
export const EXCHANGE_TYPE = 'on_behalf_of_token_exchange'
const AUTH_METHOD = 'client_secret_post'
const KEY = 'exchange'

/**
 * What tools with `backendAuth` `on_behalf_of` need: the client that exchanges the tokens of the gateway's
 * API, and its grant for the API of each backend. Those APIs belong to others, so they are not made.
 *
 * @see https://auth0.com/docs/secure/call-apis-on-users-behalf/on-behalf-of-token-exchange
 */
export function planExchange(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  if (desired.exchanges.length === 0) return []
  const { exchangeClient: reading } = snapshot
  const about: About = {
    area: 'token-exchange',
    subject: `client ${desired.exchangeName}`,
    why: 'The gateway exchanges the token of a person for one of the backend as this client (OBO_CLIENT_ID)',
    where: `Applications > Applications > ${desired.exchangeName}`,
  }
  if ('failure' in reading) return linked([unreadable(about, reading.failure)], KEY)
  const client = reading.value
  const step = client === undefined ? createClient(about, desired) : changeClient(about, client)
  const id = client?.client_id
  const reference: Reference = id === undefined ? { madeBy: KEY } : { id }
  return [
    ...linked([step], KEY, ['api']),
    ...desired.exchanges.flatMap((exchange) => planGrant(exchange, reference, desired, snapshot)),
  ]
}

/** The client as it is made. */
export function exchangeClientBody({ exchangeName, audience }: DesiredState) {
  return {
    name: exchangeName,
    app_type: 'resource_server',
    resource_server_identifier: audience,
    token_endpoint_auth_method: AUTH_METHOD,
    token_exchange: { allow_any_profile_of_type: [EXCHANGE_TYPE] },
  } as const satisfies Auth0.CreateClientRequestContent & { readonly token_exchange: unknown }
}

function createClient(about: About, desired: DesiredState): Step {
  const made = exchangeClientBody(desired)
  const allowed = [...made.token_exchange.allow_any_profile_of_type]
  const body = { ...made, token_exchange: { allow_any_profile_of_type: allowed } }
  const fields = {
    app_type: made.app_type,
    resource_server_identifier: made.resource_server_identifier,
    token_endpoint_auth_method: AUTH_METHOD,
    'token_exchange.allow_any_profile_of_type': allowed,
  }
  return create(about, fields, { call: 'clients.create', body })
}

function changeClient(about: About, client: Auth0.Client): Step {
  const { client_id: id = '', name = 'unnamed' } = client
  const before = client.token_exchange?.allow_any_profile_of_type ?? []
  const after = withAll(before, [EXCHANGE_TYPE])
  const method = client.token_endpoint_auth_method
  const aspects: Aspect<Patch>[] = [
    {
      fields: [{ field: 'token_exchange.allow_any_profile_of_type', before, after }],
      patch: { token_exchange: { allow_any_profile_of_type: after as typeof before } },
    },
    // Not set: it has another kind of credentials, beside which a secret may not be had.
    ...(method === undefined || method === null
      ? []
      : [aspect('token_endpoint_auth_method', method, AUTH_METHOD)]),
  ]
  const known = { ...about, subject: `client ${name}, client id ${id}` }
  return changeOrKeep(known, aspects, (body) => ({ call: 'clients.update', id, body }))
}

function planGrant(
  { audience, scopes, tools }: Exchange,
  client: Reference,
  desired: DesiredState,
  snapshot: TenantSnapshot,
): Step[] {
  const about: About = {
    area: 'token-exchange',
    subject: `client grant of ${desired.exchangeName} for ${audience}`,
    why: `${tools.join(', ')} gets tokens for this API only with a grant that has the scopes`,
    where: `Applications > APIs > ${audience} > Application Access`,
  }
  const reading = snapshot.exchanges.find((one) => one.audience === audience)?.state
  if (reading === undefined || 'failure' in reading) {
    return reading === undefined ? [] : [unreadable(about, reading.failure)]
  }
  const fault = faultOf(reading.value, audience, scopes)
  if (fault !== undefined)
    return [{ item: { ...about, why: fault, action: 'blocked', changes: [] } }]
  const grant = 'id' in client ? clientGrantIn(reading.value.grants, client.id) : undefined
  if (grant?.allow_all_scopes === true) return [keep(about)]
  const wanted = scopes === undefined ? { allow_all_scopes: true } : { scope: [...scopes] }
  if (grant === undefined) {
    const fields = { ...wanted, subject_type: 'user' } as const
    const body = { audience, ...fields }
    const step = create(about, fields, { call: 'clientGrants.create', body, client })
    return linked([step], `exchange-grant:${audience}`, [KEY])
  }
  const { id = '', scope: before = [] } = grant
  const toAll: Aspect<Auth0.UpdateClientGrantRequestContent> = {
    fields: [{ field: 'allow_all_scopes', before: grant.allow_all_scopes, after: true }],
    // Auth0 takes no scopes beside it.
    patch: { allow_all_scopes: true, scope: [] },
  }
  const toScopes = aspect('scope', before, withAll(before, scopes ?? []))
  const step = changeOrKeep(about, [scopes === undefined ? toAll : toScopes], (body) => ({
    call: 'clientGrants.update',
    id,
    body,
  }))
  return linked([step], `exchange-grant:${audience}`, [KEY])
}

/** What a person has to do first at the API of a backend. */
function faultOf(
  { api }: ExchangeState,
  audience: string,
  scopes: readonly string[] | undefined,
): string | undefined {
  if (api === undefined) {
    return `There is no API with the identifier ${audience}. Make it under Applications > APIs, with the permissions of the backend and RBAC, or correct the audience in backendAuth`
  }
  if (api.subject_type_authorization?.user?.policy === 'deny_all') {
    return 'The API allows no access on behalf of people: change it under Settings > Application Access Policy'
  }
  const there = (api.scopes ?? []).map(({ value }) => value)
  const missing = (scopes ?? []).filter((scope) => !there.includes(scope))
  if (missing.length === 0) return undefined
  return `The API has no permission ${missing.join(', ')}: add it under Permissions, or correct the scopes in backendAuth`
}
