import { expect, test } from 'vitest'
import { addApis, addExchangeClient } from '../../../deploy/emulator/control/exchange-client.ts'
import type { TenantApi, TenantClient } from '../../../deploy/emulator/state.ts'
import { idsOf } from '../../support/auth0/doctor.ts'
import { all, update } from '../../support/auth0/doctor-changes.ts'
import { grant as changedGrant } from '../../support/auth0/doctor-clients.ts'
import {
  apiOf,
  type Change,
  type DoctorState,
  doctorForAllTests,
  type Variables,
} from '../../support/auth0/doctor-tenant.ts'
import { PRIVATE_TOOLS } from '../../support/http/serve.ts'

const CALENDAR = 'https://calendar.example.com/v1'
const TOOLS = JSON.stringify({
  ...PRIVATE_TOOLS,
  addEvent: {
    ...PRIVATE_TOOLS.addEvent,
    backendAuth: { type: 'on_behalf_of', audience: CALENDAR, scopes: ['events:write'] },
  },
})

const doctor = doctorForAllTests()

/** Sets up the tenant for token exchange, as provision does for such a catalogue. */
const exchanging: Change = (state) => {
  const scopes = [{ value: 'events:write', description: 'Write events' }]
  const setup = { clientId: 'exchanger', clientSecret: 'unused', apis: [] }
  addApis(state, [{ identifier: CALENDAR, scopes }])
  addExchangeClient(state, setup, apiOf(state).identifier)
  exchanger({
    token_exchange: { allow_any_profile_of_type: ['on_behalf_of_token_exchange'] },
  })(state)
  state.grants.set('cgr_exchange', {
    id: 'cgr_exchange',
    client_id: 'exchanger',
    audience: CALENDAR,
    scope: ['events:write'],
    subject_type: 'user',
  })
}
const exchanger =
  (changes: Partial<TenantClient>): Change =>
  ({ clients }) =>
    update(clients, 'exchanger', changes)
const calendarOf = ({ apis }: DoctorState) =>
  [...apis.values()].find(({ identifier }) => identifier === CALENDAR)?.id ?? ''
const calendar =
  (changes: Partial<TenantApi>): Change =>
  (state) =>
    update(state.apis, calendarOf(state), changes)
const grant = (changes: Parameters<typeof changedGrant>[1]) => changedGrant('cgr_exchange', changes)
const NOTHING: Change = () => undefined

const examine = (change: Change, env: Variables = {}) =>
  doctor.examine(all(exchanging, change), { TOOLS, ...env })

test('reports nothing for a tenant that provision set up for token exchange', async () => {
  for (const env of [{}, { OBO_CLIENT_ID: 'exchanger' }]) {
    const report = await examine(NOTHING, env)
    expect(report.findings).toEqual([])
    expect(report.checked.map(({ name }) => name)).toContain('token exchange')
  }
})

test('reports nothing when no tool exchanges tokens', async () => {
  const env = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }
  expect((await doctor.examine(NOTHING, env)).findings).toEqual([])
})

const rows: [string, Change, Variables, string][] = [
  [
    'the client for token exchange does not exist',
    ({ clients }) => void clients.delete('exchanger'),
    {},
    'exchange_client_missing',
  ],
  [
    'OBO_CLIENT_ID names a client that does not exist',
    NOTHING,
    { OBO_CLIENT_ID: 'gone' },
    'exchange_client_missing',
  ],
  [
    'OBO_CLIENT_ID names a client of another type',
    NOTHING,
    { OBO_CLIENT_ID: 'tpc_chatgpt' },
    'exchange_client_type',
  ],
  [
    'the client belongs to another API',
    exchanger({ resource_server_identifier: CALENDAR }),
    { OBO_CLIENT_ID: 'exchanger' },
    'exchange_client_api',
  ],
  [
    'the client does not allow token exchange',
    exchanger({ token_exchange: {} }),
    {},
    'exchange_not_allowed',
  ],
  [
    'the client is public',
    exchanger({ token_endpoint_auth_method: 'none' }),
    {},
    'exchange_client_public',
  ],
  [
    'the API of the backend does not exist',
    (state) => void state.apis.delete(calendarOf(state)),
    {},
    'exchange_api_missing',
  ],
  [
    'the API of the backend denies access to users',
    calendar({ subject_type_authorization: { user: { policy: 'deny_all' } } }),
    {},
    'exchange_api_user_access',
  ],
  [
    'the API of the backend lacks a scope',
    calendar({ scopes: [] }),
    {},
    'exchange_api_scope_missing',
  ],
  ['the client has no grant', grant({ client_id: 'other' }), {}, 'exchange_grant_missing'],
  ['the grant is not for users', grant({ subject_type: 'client' }), {}, 'exchange_grant_missing'],
  ['the grant lacks a scope', grant({ scope: [] }), {}, 'exchange_grant_scope'],
]
test.each(rows)('reports that %s', async (_, change, env, id) => {
  const { findings } = await examine(change, env)
  expect(idsOf({ findings }).filter((one) => one.startsWith('exchange_'))).toContain(id)
  const { fix, seen, severity } = findings.find((one) => one.id === id) ?? expect.fail('none')
  expect([fix.length > 10, seen.length > 10, severity]).toEqual([true, true, 'error'])
})
