import type { Management } from 'auth0'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { AUDIENCE, refusal, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import { ALICE, BOB } from '../../support/people.ts'

type Json = Readonly<Record<string, unknown>>

const CALENDAR = 'https://calendar.example.com/v1'
const MAIL = 'https://mail.example.com/v1'
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const ON_BEHALF = { allow_any_profile_of_type: ['on_behalf_of_token_exchange' as const] }

const tenant = await tenantForThisFile()
let chatGpt: string
let exchanger: Management.CreateClientResponseContent
beforeEach(async () => {
  chatGpt = await tenant.registered()
  await tenant.admit(chatGpt)
  await makeApi(CALENDAR)
  exchanger = await makeClient(AUDIENCE)
  await grant(exchanger, CALENDAR)
})

const makeApi = (identifier: string) =>
  tenant.management.resourceServers.create({
    identifier,
    scopes: [{ value: 'events:read' }, { value: 'events:write' }, { value: 'events:share' }],
    enforce_policies: true,
    token_dialect: 'rfc9068_profile_authz',
    token_lifetime: 600,
  })
const makeClient = (resource_server_identifier: string) =>
  tenant.management.clients.create({
    name: 'Exchange',
    app_type: 'resource_server',
    resource_server_identifier,
    token_exchange: ON_BEHALF,
  })
const grant = (
  { client_id = '' }: Management.CreateClientResponseContent,
  audience: string,
  scope = ['events:read', 'events:write'],
) => tenant.management.clientGrants.create({ client_id, audience, scope, subject_type: 'user' })

async function exchange(subject_token: string, changes: Json = {}, client = exchanger) {
  const form = {
    grant_type: GRANT_TYPE,
    client_id: client.client_id,
    client_secret: client.client_secret,
    subject_token,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    audience: CALENDAR,
    ...changes,
  }
  const given = Object.entries(form).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  const response = await fetch(`${tenant.issuer}oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(given),
  })
  return { status: response.status, body: (await response.json()) as Json }
}
const tokenOf = async (who = ALICE) => (await tenant.connect(chatGpt, {}, who)).access_token
const tokenIn = ({ body }: { readonly body: Json }) => String(body['access_token'])

describe('an on-behalf-of token exchange in the Auth0 emulator', () => {
  test('returns a token for the backend with the same sub and an act claim', async () => {
    const { status, body } = await exchange(await tokenOf(), { scope: 'events:read' })
    expect([status, { ...body, access_token: '' }]).toEqual([
      200,
      {
        access_token: '',
        expires_in: 600,
        token_type: 'Bearer',
        issued_token_type: ACCESS_TOKEN,
      },
    ])
    const keySet = createRemoteJWKSet(new URL(`${tenant.issuer}.well-known/jwks.json`))
    const expected = { issuer: tenant.issuer, audience: CALENDAR, typ: 'at+jwt' }
    const { payload } = await jwtVerify(String(body['access_token']), keySet, expected)
    expect(payload).toMatchObject({
      sub: 'auth0|alice',
      client_id: exchanger.client_id,
      scope: 'events:read',
      permissions: ['events:read', 'events:write'],
      act: { sub: exchanger.client_id, act: { sub: chatGpt } },
    })
  })

  test('has an expires_in that is the lifetime of the token if tokenLifetimes is set', async () => {
    await tenant.admin.change({ traits: { tokenLifetimes: { access: 77 } } })
    const { body } = await exchange(await tokenOf())
    const { exp = 0, iat = 0 } = decodeJwt(String(body['access_token']))
    expect([body['expires_in'], exp - iat]).toEqual([77, 77])
  })

  test('returns all scopes of the user that the grant allows if scope is missing', async () => {
    expect(decodeJwt(tokenIn(await exchange(await tokenOf())))['scope']).toBe(
      'events:read events:write',
    )
    const { body } = await exchange(await tokenOf(BOB), { scope: 'events:read events:write' })
    expect(body['scope']).toBe('events:read')
    expect(decodeJwt(String(body['access_token']))['scope']).toBe('events:read')
  })

  test('rejects more than four levels of delegation', async () => {
    let token = await tokenOf()
    let from = { audience: AUDIENCE, client: exchanger }
    const results: unknown[] = []
    for (const audience of [CALENDAR, MAIL, 'https://three.example', 'https://four.example']) {
      if (audience !== CALENDAR) await makeApi(audience)
      if (from.audience !== AUDIENCE) from = { ...from, client: await makeClient(from.audience) }
      if (audience !== CALENDAR) await grant(from.client, audience)
      const { status, body } = await exchange(token, { audience }, from.client)
      results.push(status === 200 ? status : [status, body])
      token = String(body['access_token'])
      from = { audience, client: from.client }
    }
    expect(results).toEqual([
      200,
      200,
      200,
      [
        400,
        {
          error: 'invalid_request',
          error_description:
            'Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4',
        },
      ],
    ])
  })

  test('is logged, with success or failure', async () => {
    await exchange(await tokenOf())
    await exchange('no-token')
    const { data } = await tenant.management.logs.list({ per_page: 2, sort: 'date:-1' })
    expect(data.map(({ type }) => type).sort()).toEqual([
      'failed_on_behalf_of_token_exchange',
      'success_on_behalf_of_token_exchange',
    ])
  })
})

describe('the token exchange of the Auth0 emulator rejects', () => {
  const rows: [string, Json, number, string][] = [
    ['a wrong secret', { client_secret: 'x' }, 401, 'access_denied'],
    ['a forged token', { subject_token: 'a.b.c' }, 401, 'invalid_grant'],
    ['a missing audience', { audience: undefined }, 400, 'invalid_request'],
    ['an ID token', { subject_token_type: 'urn:x' }, 400, 'invalid_request'],
    ['an unknown API', { audience: 'https://nowhere.example' }, 403, 'access_denied'],
    ['an API without a grant', { audience: AUDIENCE }, 403, 'unauthorized_client'],
    ['scopes that were not granted', { scope: 'events:share' }, 403, 'access_denied'],
  ]
  test.each(rows)('%s', async (_, changes, status, error) => {
    const answer = await exchange(await tokenOf(), changes)
    expect([answer.status, answer.body['error']]).toEqual([status, error])
  })

  test('a client without permission to exchange, and a token of another API', async () => {
    const id = exchanger.client_id ?? ''
    const token = await tokenOf()
    await tenant.management.clients.update(id, {
      token_exchange: { allow_any_profile_of_type: [] },
    })
    expect((await exchange(token)).body['error']).toBe('unauthorized_client')
    await tenant.management.clients.update(id, { token_exchange: ON_BEHALF })
    const ofCalendar = tokenIn(await exchange(token))
    expect((await exchange(ofCalendar)).body['error']).toBe('invalid_grant')
  })

  test('a resource_server client without an API, or with an unknown one', async () => {
    const { clients } = tenant.management
    const wanted = { name: 'x', app_type: 'resource_server' } as const
    expect(await refusal(clients.create(wanted))).toMatchObject({ statusCode: 400 })
    const elsewhere = { ...wanted, resource_server_identifier: 'https://nowhere.example' }
    expect(await refusal(clients.create(elsewhere))).toMatchObject({ statusCode: 400 })
  })
})
