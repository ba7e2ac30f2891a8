import type { Management as Auth0 } from 'auth0'
import { EXCHANGE_TYPE } from '../../auth0/plan/exchange.ts'
import type { ExchangeState } from '../../auth0/read-tenant.ts'
import { type Check, type Finding, fault, type Verdict } from '../check.ts'
import type { Inside } from '../observe/tenant.ts'

type Exchange = Inside['desired']['exchanges'][number]

const APPLY = 'npm run provision -- --apply'
const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'
const FAILS = 'Tools with backendAuth on_behalf_of fail: Auth0 exchanges no token'

/** What tools with `backendAuth` `on_behalf_of` need, where the catalogue was given to this command. */
export const EXCHANGE_CHECKS: readonly Check<Inside>[] = [
  { name: 'token exchange', title: 'tokens can be exchanged for the backends', run: checkExchange },
]

function checkExchange(seen: Inside): Verdict {
  const { desired, snapshot, clients } = seen
  if (desired.exchanges.length === 0) return []
  if ('failure' in clients) return { skipped: clients.failure.message }
  const kept = 'value' in snapshot.exchangeClient ? snapshot.exchangeClient.value : undefined
  const { oboClientId: named } = seen.config
  const client =
    named === undefined ? kept : clients.value.find(({ client_id: id }) => id === named)
  const ofClient = clientFindings(client, kept, seen)
  const failed = snapshot.exchanges.flatMap(({ state }) =>
    'failure' in state ? [state.failure.message] : [],
  )
  if (failed[0] !== undefined && ofClient.length === 0) return { skipped: failed[0] }
  return [...ofClient, ...desired.exchanges.flatMap((one) => exchangeFindings(one, client, seen))]
}

function clientFindings(
  client: Auth0.Client | undefined,
  kept: Auth0.Client | undefined,
  { desired, config: { oboClientId: named } }: Inside,
): Finding[] {
  if (client === undefined) {
    const seen =
      named === undefined
        ? `there is no client of the type resource_server for ${desired.audience}`
        : `there is no client with the id in OBO_CLIENT_ID, ${named}`
    const id = kept?.client_id ?? 'the id that it prints'
    const fix = `${APPLY}, then set OBO_CLIENT_ID to ${id} and OBO_CLIENT_SECRET to its secret`
    return [fault({ id: 'exchange_client_missing', seen, why: FAILS, fix, where: APPLICATIONS })]
  }
  const { client_id: id, name = 'unnamed', app_type: type } = client
  const about = { why: FAILS, where: `${APPLICATIONS} > ${name}` }
  const subject = `${name} (${id})`
  const replace = `${APPLY} makes one that is; then set OBO_CLIENT_ID and OBO_CLIENT_SECRET to it`
  if (type !== 'resource_server') {
    const seen = `${subject} is of the type ${type ?? '(none)'}, not resource_server`
    return [fault({ ...about, id: 'exchange_client_type', seen, fix: replace })]
  }
  const { resource_server_identifier: linked = '(none)' } = client
  if (linked !== desired.audience) {
    const seen = `${subject} is linked to the API ${linked}, and tokens are for ${desired.audience}`
    return [fault({ ...about, id: 'exchange_client_api', seen, fix: replace })]
  }
  const allowed = client.token_exchange?.allow_any_profile_of_type ?? []
  const isPublic = client.token_endpoint_auth_method === 'none'
  return [
    ...(allowed.includes(EXCHANGE_TYPE)
      ? []
      : [
          fault({
            ...about,
            id: 'exchange_not_allowed',
            seen: `${subject}: token_exchange.allow_any_profile_of_type is without ${EXCHANGE_TYPE}`,
            fix: APPLY,
            where: `${about.where} > Token Exchange > On-Behalf-Of Token Exchange`,
          }),
        ]),
    ...(isPublic
      ? [
          fault({
            ...about,
            id: 'exchange_client_public',
            seen: `${subject}: token_endpoint_auth_method is none`,
            fix: APPLY,
          }),
        ]
      : []),
  ]
}

function exchangeFindings(
  exchange: Exchange,
  client: Auth0.Client | undefined,
  seen: Inside,
): Finding[] {
  const { audience, scopes = [], tools } = exchange
  const reading = seen.snapshot.exchanges.find((one) => one.audience === audience)?.state
  if (reading === undefined || 'failure' in reading) return []
  const { api } = reading.value
  const why = `${FAILS} for ${tools.join(', ')}`
  const where = `Auth0 dashboard: Applications > APIs > ${audience}`
  if (api === undefined) {
    return [
      fault({
        id: 'exchange_api_missing',
        seen: `there is no API with the identifier ${audience}`,
        why,
        fix: 'make the API of the backend, with its permissions and RBAC, or correct audience in backendAuth',
        where: 'Auth0 dashboard: Applications > APIs',
      }),
    ]
  }
  const there = (api.scopes ?? []).map(({ value }) => value)
  const missing = scopes.filter((scope) => !there.includes(scope))
  return [
    ...(api.subject_type_authorization?.user?.policy === 'deny_all'
      ? [
          fault({
            id: 'exchange_api_user_access',
            seen: `${audience} allows no access on behalf of people`,
            why,
            fix: 'allow user-delegated access per application',
            where: `${where} > Settings > Application Access Policy`,
          }),
        ]
      : []),
    ...(missing.length > 0
      ? [
          fault({
            id: 'exchange_api_scope_missing',
            seen: `${audience} has no permission ${missing.join(', ')}`,
            why,
            fix: 'add it, or correct scopes in backendAuth',
            where: `${where} > Permissions`,
          }),
        ]
      : []),
    ...grantFindings(exchange, client, reading.value, seen),
  ]
}

function grantFindings(
  { audience, scopes, tools }: Exchange,
  client: Auth0.Client | undefined,
  { grants, api }: ExchangeState,
  { desired }: Inside,
): Finding[] {
  if (client?.client_id === undefined) return []
  const grant = grants.find((one) => one.client_id === client.client_id)
  const about = {
    why: `${FAILS} with the scopes of ${tools.join(', ')}`,
    fix: APPLY,
    where: `Auth0 dashboard: Applications > APIs > ${audience} > Application Access`,
  }
  const subject = client.name ?? desired.exchangeName
  if (grant === undefined) {
    const seen = `${subject} has no client grant for ${audience} on behalf of people`
    return [fault({ ...about, id: 'exchange_grant_missing', seen })]
  }
  if (grant.allow_all_scopes === true) return []
  const needed = scopes ?? (api?.scopes ?? []).map(({ value }) => value)
  const missing = needed.filter((scope) => !grant.scope?.includes(scope))
  if (missing.length === 0) return []
  const seen = `the client grant of ${subject} for ${audience} lacks ${missing.join(', ')}`
  return [fault({ ...about, id: 'exchange_grant_scope', seen })]
}
