import type { Management as Auth0 } from 'auth0'
import type { DesiredState, TokenExchange } from '../desired-state.ts'
import type { TenantSnapshot, TokenExchangeState } from '../read-tenant.ts'
import { clientGrantIn } from '../tenant-lookups.ts'
import { linked } from './dependencies.ts'
import { withAll } from './grant-scopes.ts'
import type { ProvisionStep, Reference } from './item.ts'
import {
  changeOrKeep,
  create,
  type FieldPatch,
  type ItemInfo,
  keep,
  patchField,
  unreadable,
} from './steps.ts'

type Patch = Auth0.UpdateClientRequestContent

/** The token exchange type that the client must be allowed to use. */
export const EXCHANGE_TYPE = 'on_behalf_of_token_exchange'
const AUTH_METHOD = 'client_secret_post'
const KEY = 'exchange'

/**
 * Plans token exchange for tools with `backendAuth` `on_behalf_of`: the client that exchanges tokens of
 * the gateway's API, and its grant for the API of each backend. The backends' APIs have other owners,
 * so the plan does not create them.
 *
 * @see https://auth0.com/docs/secure/call-apis-on-users-behalf/on-behalf-of-token-exchange
 */
export function planTokenExchange(
  desired: DesiredState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  if (desired.exchanges.length === 0) return []
  const { exchangeClient: reading } = snapshot
  const info: ItemInfo = {
    area: 'token-exchange',
    subject: `client ${desired.exchangeName}`,
    why: 'The gateway uses this client (OBO_CLIENT_ID) to exchange user tokens for backend tokens',
    where: `Applications > Applications > ${desired.exchangeName}`,
  }
  if ('failure' in reading) return linked([unreadable(info, reading.failure)], KEY)
  const client = reading.value
  const step = client === undefined ? createClient(info, desired) : changeClient(info, client)
  const id = client?.client_id
  const reference: Reference = id === undefined ? { stepKey: KEY } : { id }
  return [
    ...linked([step], KEY, ['api']),
    ...desired.exchanges.flatMap((exchange) => planGrant(exchange, reference, desired, snapshot)),
  ]
}

/** Returns the body that creates the client. */
export function exchangeClientBody({ exchangeName, audience }: DesiredState) {
  return {
    name: exchangeName,
    app_type: 'resource_server',
    resource_server_identifier: audience,
    token_endpoint_auth_method: AUTH_METHOD,
    token_exchange: { allow_any_profile_of_type: [EXCHANGE_TYPE] },
  } as const satisfies Auth0.CreateClientRequestContent & { readonly token_exchange: unknown }
}

function createClient(info: ItemInfo, desired: DesiredState): ProvisionStep {
  const made = exchangeClientBody(desired)
  const allowed = [...made.token_exchange.allow_any_profile_of_type]
  const body = { ...made, token_exchange: { allow_any_profile_of_type: allowed } }
  const fields = {
    app_type: made.app_type,
    resource_server_identifier: made.resource_server_identifier,
    token_endpoint_auth_method: AUTH_METHOD,
    'token_exchange.allow_any_profile_of_type': allowed,
  }
  return create(info, fields, { call: 'clients.create', body })
}

function changeClient(info: ItemInfo, client: Auth0.Client): ProvisionStep {
  const { client_id: id = '', name = 'unnamed' } = client
  const before = client.token_exchange?.allow_any_profile_of_type ?? []
  const after = withAll(before, [EXCHANGE_TYPE])
  const method = client.token_endpoint_auth_method
  const patches: FieldPatch<Patch>[] = [
    {
      fields: [{ field: 'token_exchange.allow_any_profile_of_type', before, after }],
      patch: { token_exchange: { allow_any_profile_of_type: after as typeof before } },
    },
    // Unset: the client has other credentials, which may exclude a client secret.
    ...(method === undefined || method === null
      ? []
      : [patchField('token_endpoint_auth_method', method, AUTH_METHOD)]),
  ]
  const existingInfo = { ...info, subject: `client ${name}, client id ${id}` }
  return changeOrKeep(existingInfo, patches, (body) => ({ call: 'clients.update', id, body }))
}

function planGrant(
  { audience, scopes, tools }: TokenExchange,
  client: Reference,
  desired: DesiredState,
  snapshot: TenantSnapshot,
): ProvisionStep[] {
  const info: ItemInfo = {
    area: 'token-exchange',
    subject: `client grant of ${desired.exchangeName} for ${audience}`,
    why: `${tools.join(', ')} needs a grant with these scopes to get tokens for this API`,
    where: `Applications > APIs > ${audience} > Application Access`,
  }
  const reading = snapshot.exchanges.find((one) => one.audience === audience)?.state
  if (reading === undefined || 'failure' in reading) {
    return reading === undefined ? [] : [unreadable(info, reading.failure)]
  }
  const fault = apiProblem(reading.value, audience, scopes)
  if (fault !== undefined)
    return [{ item: { ...info, why: fault, action: 'blocked', changes: [] } }]
  const grant = 'id' in client ? clientGrantIn(reading.value.grants, client.id) : undefined
  if (grant?.allow_all_scopes === true) return [keep(info)]
  const wanted = scopes === undefined ? { allow_all_scopes: true } : { scope: [...scopes] }
  if (grant === undefined) {
    const fields = { ...wanted, subject_type: 'user' } as const
    const body = { audience, ...fields }
    const step = create(info, fields, { call: 'clientGrants.create', body, client })
    return linked([step], `exchange-grant:${audience}`, [KEY])
  }
  const { id = '', scope: before = [] } = grant
  const toAll: FieldPatch<Auth0.UpdateClientGrantRequestContent> = {
    fields: [{ field: 'allow_all_scopes', before: grant.allow_all_scopes, after: true }],
    // Auth0 rejects a scope list together with allow_all_scopes.
    patch: { allow_all_scopes: true, scope: [] },
  }
  const toScopes = patchField('scope', before, withAll(before, scopes ?? []))
  const step = changeOrKeep(info, [scopes === undefined ? toAll : toScopes], (body) => ({
    call: 'clientGrants.update',
    id,
    body,
  }))
  return linked([step], `exchange-grant:${audience}`, [KEY])
}

/** Returns what is wrong with a backend's API and how to correct it. */
function apiProblem(
  { api }: TokenExchangeState,
  audience: string,
  scopes: readonly string[] | undefined,
): string | undefined {
  if (api === undefined) {
    return `There is no API with the identifier ${audience}. Create it under Applications > APIs, with the permissions of the backend and RBAC, or correct the audience in backendAuth`
  }
  if (api.subject_type_authorization?.user?.policy === 'deny_all') {
    return 'The API denies access on behalf of users: change it under Settings > Application Access Policy'
  }
  const existing = (api.scopes ?? []).map(({ value }) => value)
  const missing = (scopes ?? []).filter((scope) => !existing.includes(scope))
  if (missing.length === 0) return undefined
  return `The API lacks the permission ${missing.join(', ')}: add it under Permissions, or correct the scopes in backendAuth`
}
