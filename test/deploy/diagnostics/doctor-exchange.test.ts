import type { Management as Auth0 } from 'auth0'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  both,
  type Change,
  tenantOptions,
  type Variables,
} from '../../support/auth0/doctor-tenant.ts'
import { type Front, startFront } from '../../support/http/front.ts'
import { PRIVATE_TOOLS } from '../../support/http/serve.ts'

const CALENDAR = 'https://calendar.example.com/v1'
const TOOLS = JSON.stringify({
  ...PRIVATE_TOOLS,
  addEvent: {
    ...PRIVATE_TOOLS.addEvent,
    backendAuth: { type: 'on_behalf_of', audience: CALENDAR, scopes: ['events:write'] },
  },
})

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

/** As provision leaves a tenant for such a catalogue. */
const exchanging: Change = ({ apis, clients, grants }) => ({
  apis: [
    ...apis,
    { id: 'api_calendar', identifier: CALENDAR, scopes: [{ value: 'events:write' }] },
  ],
  clients: [
    ...clients,
    {
      client_id: 'exchanger',
      name: 'Gateway',
      app_type: 'resource_server',
      resource_server_identifier: apis[0]?.identifier ?? '',
      is_first_party: true,
      token_endpoint_auth_method: 'client_secret_post',
      token_exchange: { allow_any_profile_of_type: ['on_behalf_of_token_exchange'] },
    },
  ],
  grants: [
    ...grants,
    {
      id: 'cgr_exchange',
      client_id: 'exchanger',
      audience: CALENDAR,
      scope: ['events:write'],
      subject_type: 'user',
    },
  ],
})
const exchanger =
  (changes: Partial<Auth0.Client>): Change =>
  ({ clients }) => ({
    clients: clients.map((one) => (one.client_id === 'exchanger' ? { ...one, ...changes } : one)),
  })
const calendar =
  (changes: Partial<Auth0.ResourceServer>): Change =>
  ({ apis }) => ({
    apis: apis.map((one) => (one.identifier === CALENDAR ? { ...one, ...changes } : one)),
  })
const grant =
  (changes: Partial<Auth0.ClientGrantResponseContent>): Change =>
  ({ grants }) => ({
    grants: grants.map((one) => (one.id === 'cgr_exchange' ? { ...one, ...changes } : one)),
  })
const NOTHING: Change = () => ({})

const examine = async (change: Change, env: Variables = {}) => {
  const options = tenantOptions(front.url, both(exchanging, change), { TOOLS, ...env })
  return doctorReport([front.url], options)
}

test('a tenant as provision leaves it is healthy, and the check has been made', async () => {
  for (const env of [{}, { OBO_CLIENT_ID: 'exchanger' }]) {
    const report = await examine(NOTHING, env)
    expect(report.findings).toEqual([])
    expect(report.checked.map(({ name }) => name)).toContain('token exchange')
  }
})

test('without a tool that exchanges nothing of it is missed', async () => {
  const env = { TOOLS: JSON.stringify(PRIVATE_TOOLS) }
  expect(
    (await doctorReport([front.url], tenantOptions(front.url, NOTHING, env))).findings,
  ).toEqual([])
})

const rows: [string, Change, Variables, string][] = [
  ['no client', ({ clients }) => ({ clients: clients.slice(0, 1) }), {}, 'exchange_client_missing'],
  ['another client id', NOTHING, { OBO_CLIENT_ID: 'gone' }, 'exchange_client_missing'],
  ['a client of another type', NOTHING, { OBO_CLIENT_ID: 'tpc_chatgpt' }, 'exchange_client_type'],
  [
    'a client of another API',
    exchanger({ resource_server_identifier: CALENDAR }),
    { OBO_CLIENT_ID: 'exchanger' },
    'exchange_client_api',
  ],
  ['no exchange', exchanger({ token_exchange: {} }), {}, 'exchange_not_allowed'],
  [
    'a public client',
    exchanger({ token_endpoint_auth_method: 'none' }),
    {},
    'exchange_client_public',
  ],
  ['no API', ({ apis }) => ({ apis: apis.slice(0, 1) }), {}, 'exchange_api_missing'],
  [
    'no access for people',
    calendar({ subject_type_authorization: { user: { policy: 'deny_all' } } }),
    {},
    'exchange_api_user_access',
  ],
  ['no permission', calendar({ scopes: [] }), {}, 'exchange_api_scope_missing'],
  ['a grant of another client', grant({ client_id: 'other' }), {}, 'exchange_grant_missing'],
  ['a grant for machines', grant({ subject_type: 'client' }), {}, 'exchange_grant_missing'],
  ['a grant without the scope', grant({ scope: [] }), {}, 'exchange_grant_scope'],
]
test.each(rows)('%s', async (_, change, env, id) => {
  const { findings } = await examine(change, env)
  expect(idsOf({ findings }).filter((one) => one.startsWith('exchange_'))).toContain(id)
  const { fix, seen, severity } = findings.find((one) => one.id === id) ?? expect.fail('none')
  expect([fix.length > 10, seen.length > 10, severity]).toEqual([true, true, 'error'])
})
