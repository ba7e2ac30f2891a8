import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDelivery } from '../../functions/log-webhook/delivery.ts'
import { createLogWebhook } from '../../functions/log-webhook/handler.ts'
import { type AdmissionOptions, createAdmission } from '../../shared/auth0/admission.ts'
import { AdmissionError } from '../../shared/auth0/admission-error.ts'
import { createManagement } from '../../shared/auth0/management.ts'
import { createRedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { createLog } from '../../shared/log.ts'
import {
  type FakeClient,
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../support/auth0/management-api.ts'
import { type Answer, type Served, serve } from '../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const SECRET = 'a-log-stream-secret-for-tests-0123456789'
const STRICT: FakeClient = {
  client_id: 'tpc_1',
  name: 'ChatGPT',
  callbacks: ['https://chatgpt.com/cb'],
  is_first_party: false,
  third_party_security_mode: 'strict',
}
const PERMISSIVE: FakeClient = {
  ...STRICT,
  client_id: 'plain1',
  third_party_security_mode: 'permissive',
}
const FOREIGN: FakeClient = {
  ...STRICT,
  client_id: 'tpc_evil',
  callbacks: ['https://evil.example/cb'],
}

let api: ManagementApi
let served: Served | undefined
// Loading it takes longer than the deadlines here, on a busy machine.
beforeAll(async () => void (await import('auth0')))
beforeEach(async () => {
  api = await startManagementApi()
  api.connections.add({ id: 'con_1', name: 'google-oauth2' })
  for (const client of [STRICT, PERMISSIVE, FOREIGN]) api.clients.set(client.client_id, client)
})
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
  await api[Symbol.asyncDispose]()
})

function management(now?: () => number) {
  const credentials = { clientId: MGMT_CLIENT_ID, clientSecret: MGMT_CLIENT_SECRET }
  return createManagement({ domain: api.domain, ...credentials }, {}, now)
}

function admission(options: Partial<AdmissionOptions> = {}) {
  return createAdmission({
    management: management(),
    mayRedirectTo: createRedirectUriPolicy(['https://chatgpt.com/cb']),
    policy: 'admit',
    connections: ['google-oauth2'],
    audience: 'https://mcp.test/mcp',
    scopes: ['events:read'],
    readDelaysMs: [10, 10],
    ...options,
  })
}

/** A webhook that has `deadlineMs` for a delivery. */
async function webhook(options: Partial<AdmissionOptions> = {}, deadlineMs?: number) {
  const admit = admission(options)
  served = await serve('log-webhook', () =>
    createLogWebhook({ secrets: [SECRET], admit, ...(deadlineMs && { deadlineMs }) }),
  )
  const { send } = served
  return (...clientIds: readonly string[]): Promise<Answer> =>
    send({
      method: 'POST',
      path: '/auth0-log-webhook',
      headers: { 'content-type': 'application/json', authorization: SECRET },
      body: clientIds.map((id) => ({
        log_id: `log_${id}`,
        data: {
          date: new Date().toISOString(),
          type: 'sapi',
          description: 'Dynamic client registration',
          details: { response: { body: { client_id: id } } },
        },
      })),
    })
}

function writes(): string[] {
  return api.calls
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)
}

const outcomesIn = (answer: Answer) => answer.json<{ records: Json[] }>().records

describe('the deadline of a delivery', () => {
  // Auth0 asks for a wait that is longer than the delivery has.
  const stuck = { status: 429, headers: { 'retry-after': '8' } }

  test.each([
    { id: 'tpc_1', operation: 'PATCH /connections/:id', done: ['grant_create'] },
    {
      id: 'plain1',
      operation: 'PATCH /connections/:id/clients',
      done: ['client_promote', 'grant_create'],
    },
    { id: 'plain1', operation: 'GET /clients/:id', done: undefined },
  ])('$operation: stopped in time, with what was done so far', async (row) => {
    const deliver = await webhook({}, 3_000)
    api.fail(row.operation, stuck)
    const startedAt = performance.now()
    const answer = await deliver(row.id, 'tpc_evil')
    expect(performance.now() - startedAt).toBeLessThan(7_000)
    expect(answer.status).toBe(503)
    const [stopped, next] = outcomesIn(answer)
    expect(stopped).toMatchObject({ client_id: row.id, outcome: 'failed', retry: true })
    expect(stopped?.['reason']).toMatch(/_timeout$/)
    expect(stopped?.['done']).toEqual(row.done)
    expect(next).toMatchObject({ outcome: 'deferred', reason: 'deadline', retry: true })
    expect(served?.lines).toContainEqual(
      expect.objectContaining({ message: 'admission_failed', client: row.id }),
    )
  })

  test('what it stopped is completed by the redelivery, and no more than that', async () => {
    const deliver = await webhook({}, 3_000)
    api.fail('PATCH /connections/:id', { ...stuck, times: 1 })
    expect((await deliver('tpc_1')).status).toBe(503)
    api.calls.length = 0
    const again = await deliver('tpc_1')
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'admitted' }])
    expect(writes()).toEqual(['PATCH /connections/con_1'])
  })

  test('an aborted signal starts nothing', async () => {
    const admit = admission()
    const aborted = AbortSignal.abort(new DOMException('over', 'TimeoutError'))
    await expect(admit('tpc_1', aborted)).rejects.toMatchObject({ code: 'client_read_timeout' })
    expect(api.calls).toEqual([])
  })
})

describe('a delivery of more clients than there is time for', () => {
  const records = ['a', 'b', 'c', 'd', 'e'].map((id) => ({
    logId: `log_${id}`,
    registeredClientId: id,
    date: undefined,
  }))
  const log = createLog({ service: 'log-webhook', level: 'error', write: () => undefined })

  test('is settled by its redeliveries, however much time each of them has', async () => {
    const admitted: string[] = []
    let now = 0
    const settle = createDelivery({
      admit: async (id) => {
        now += 1_000
        admitted.push(id)
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      deadlineMs: 2_000,
      now: () => now,
    })
    const outcomes = async () => (await settle(records, log)).map(({ outcome }) => outcome)
    const deferred = (count: number) => Array.from({ length: count }, () => 'deferred')
    expect(await outcomes()).toEqual(['admitted', 'admitted', ...deferred(3)])
    const known = ['already_admitted', 'already_admitted']
    expect(await outcomes()).toEqual([...known, 'admitted', 'admitted', ...deferred(1)])
    const [again] = known
    expect(await outcomes()).toEqual(['admitted', again, again, again, 'admitted'])
    expect(admitted.join('')).toBe('abcdea')
  })

  test('keeps what is known of the client at which the time is over', async () => {
    let isSlow = false
    const settle = createDelivery({
      admit: async (_, signal) => {
        if (isSlow) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
        if (isSlow) throw new AdmissionError('client_read', new DOMException('', 'TimeoutError'))
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      deadlineMs: 50,
    })
    const outcomes = async () => (await settle(records.slice(0, 2), log)).map((one) => one.outcome)
    expect(await outcomes()).toEqual(['admitted', 'admitted'])
    isSlow = true
    expect(await outcomes()).toEqual(['already_admitted', 'already_admitted'])
  })

  test('begins no further client once the process is to end', async () => {
    const ending = new AbortController()
    const settle = createDelivery({
      admit: async () => {
        ending.abort()
        return { outcome: 'admitted', clientName: undefined, mode: 'strict' }
      },
      ending: ending.signal,
    })
    expect(
      (await settle(records.slice(0, 2), log)).map(({ outcome, reason }) => [outcome, reason]),
    ).toEqual([
      ['admitted', undefined],
      ['deferred', 'ending'],
    ])
  })

  test.each([
    { status: 429, code: 'client_read_http_429' },
    { status: 401, code: 'client_read_http_401' },
  ])('stops at $status, which all of them would meet', async ({ status, code }) => {
    const deliver = await webhook()
    api.fail('GET /clients/:id', { status, headers: { 'retry-after': '60' } })
    const answer = await deliver('tpc_1', 'plain1', 'tpc_evil')
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { outcome: 'failed', reason: code, retry: true },
      { outcome: 'deferred', reason: code, retry: true },
      { outcome: 'deferred', reason: code, retry: true },
    ])
    expect(api.calls).toHaveLength(1)
    api.mended()
    expect((await deliver('tpc_1', 'plain1', 'tpc_evil')).status).toBe(200)
    api.fail('GET /clients/:id', { status, headers: { 'retry-after': '60' } })
    const again = outcomesIn(await deliver('tpc_1', 'plain1', 'tpc_evil'))
    expect(again.map(({ outcome }) => outcome)).toEqual(['failed', 'deferred', 'deferred'])
  })

  test('stops when there is no Management API token', async () => {
    const deliver = await webhook()
    api.stageTokenStatus(403)
    expect((await deliver('tpc_1', 'plain1')).status).toBe(503)
    expect(api.tokenRequests).toHaveLength(1)
  })
})

describe('a Management API token', () => {
  let now = 0
  const admit = (id: string) => admission({ management: clients })(id)
  let clients: ReturnType<typeof management>
  beforeEach(() => {
    now = 0
    clients = management(() => now)
  })

  test('that Auth0 refuses is not used again', async () => {
    await admit('tpc_1')
    api.fail('GET /clients/:id', { status: 401, times: 1 })
    await expect(admit('tpc_1')).rejects.toMatchObject({ passing: true })
    expect((await admit('tpc_1')).outcome).toBe('already_admitted')
    expect(api.tokenRequests).toHaveLength(2)
  })

  test('that lacks a scope is asked for again, once a minute at most', async () => {
    api.fail('GET /connections', { status: 403 })
    for (const [at, tokens] of [
      [0, 1],
      [59_999, 1],
      [60_000, 1],
      [60_000, 2],
      [119_999, 2],
      [120_000, 2],
      [120_000, 3],
    ] as const) {
      now = at
      await expect(admit('tpc_1')).rejects.toMatchObject({ missingScope: 'read:connections' })
      expect(api.tokenRequests).toHaveLength(tokens)
    }
    api.mended()
    expect((await admit('tpc_1')).outcome).toBe('admitted')
  })
})

describe('concurrent calls for one client', () => {
  test.each(['tpc_1', 'plain1'])('do the work for %s once, and all learn of it', async (id) => {
    const admit = admission()
    api.stageDelay(20)
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => admit(id)))
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['admitted']))
    expect(writes()).toHaveLength(id === 'plain1' ? 3 : 2)
    expect(api.calls.filter(({ path }) => path === `/clients/${id}`)).toHaveLength(
      id === 'plain1' ? 2 : 1,
    )
    expect((await admit(id)).outcome).toBe('already_admitted')
  })

  test('two instances at once end with one grant', async () => {
    const [one, other] = [admission(), admission()]
    api.stageDelay(20)
    await Promise.all([one('tpc_1'), other('tpc_1')])
    expect(api.grants).toHaveLength(1)
    expect(api.faults).toEqual([])
  })
})

// A proxy may answer in Auth0's place.
test('an answer that is not the client settles nothing', async () => {
  const deliver = await webhook({ policy: 'enforce' })
  api.fail('GET /clients/:id', { status: 200 })
  const answer = await deliver('tpc_evil')
  expect(answer.status).toBe(503)
  expect(outcomesIn(answer)).toMatchObject([
    { outcome: 'failed', reason: 'client_read_malformed', retry: true },
  ])
  expect(writes()).toEqual([])
})

describe('enforce', () => {
  test('a redelivery of a client that was deleted is settled, without another call', async () => {
    const deliver = await webhook({ policy: 'enforce' })
    expect(outcomesIn(await deliver('tpc_evil'))).toMatchObject([{ outcome: 'deleted' }])
    api.calls.length = 0
    const again = await deliver('tpc_evil')
    expect(again.status).toBe(200)
    expect(outcomesIn(again)).toMatchObject([{ outcome: 'deleted' }])
    expect(api.calls).toEqual([])
  })

  test('a client that somebody else deletes in between is as good as deleted', async () => {
    const deliver = await webhook({ policy: 'enforce' })
    api.fail('DELETE /clients/:id', { status: 404 })
    const answer = await deliver('tpc_evil')
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'deleted' }])
  })

  test('without delete:clients the scope is named, and it is tried again', async () => {
    const deliver = await webhook({ policy: 'enforce' })
    api.fail('DELETE /clients/:id', { status: 403 })
    const answer = await deliver('tpc_evil')
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([
      { reason: 'client_delete_http_403', missing_scope: 'delete:clients', retry: true },
    ])
    expect([...api.clients.keys()]).toContain('tpc_evil')
  })

  test.each([
    { name: 'a first-party client', changes: { is_first_party: true } },
    { name: 'one of which Auth0 does not say', changes: { is_first_party: undefined } },
  ])('$name is never deleted', async ({ changes }) => {
    const { is_first_party: _, ...rest } = FOREIGN
    const client = { ...rest, ...(changes.is_first_party && { is_first_party: true }) }
    api.clients.set('tpc_evil', client)
    expect((await admission({ policy: 'enforce' })('tpc_evil')).outcome).toBe('refused')
    expect(writes()).toEqual([])
  })

  test('one foreign redirect URI among covered ones is enough', async () => {
    const callbacks = [...(STRICT.callbacks ?? []), 'https://evil.example/cb']
    api.clients.set('tpc_evil', { ...FOREIGN, callbacks })
    expect((await admission({ policy: 'enforce' })('tpc_evil')).outcome).toBe('deleted')
  })
})

describe('a client that cannot have registered itself', () => {
  const covered = STRICT.callbacks ?? []
  const foreign = FOREIGN.callbacks ?? []
  const ofOperator = {
    is_first_party: true,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  }
  const withoutUsers = { grant_types: ['client_credentials'] }
  const imported = { external_client_id: 'https://chatgpt.com/oauth/client.json' }

  test.each<{ name: string; changes: Partial<FakeClient> }>([
    { name: "the operator's own", changes: { ...ofOperator, callbacks: covered } },
    { name: "the operator's own, elsewhere", changes: { ...ofOperator, callbacks: foreign } },
    {
      name: "the operator's own public one",
      changes: {
        ...ofOperator,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', 'implicit'],
        jwt_configuration: { alg: 'RS256' },
        oidc_conformant: true,
      },
    },
    { name: 'one that works without users', changes: { ...withoutUsers, callbacks: foreign } },
    { name: 'such a one with a covered URI', changes: { ...withoutUsers, callbacks: covered } },
    { name: 'an imported one', changes: { ...imported, callbacks: covered } },
    { name: 'an imported one, elsewhere', changes: { ...imported, callbacks: foreign } },
    { name: 'one that says how it was imported', changes: { external_metadata_type: 'cimd' } },
    { name: 'the global client', changes: { global: true } },
  ])('$name is neither changed nor deleted', async ({ changes }) => {
    api.clients.set('plain1', { ...PERMISSIVE, ...changes })
    for (const policy of ['admit', 'enforce'] as const) {
      expect(await admission({ policy })('plain1')).toMatchObject({
        outcome: 'refused',
        reason: 'not_dynamic',
      })
    }
    expect(writes()).toEqual([])
  })

  test.each([undefined, [], ['authorization_code'], ['implicit', 'authorization_code']])(
    'is not one with the grants %j',
    async (grants) => {
      api.clients.set('plain1', { ...PERMISSIVE, ...(grants && { grant_types: grants }) })
      expect((await admission()('plain1')).outcome).toBe('admitted')
    },
  )
})

describe('a client that Auth0 does not know everywhere yet', () => {
  test.each([
    { id: 'tpc_1', operation: 'GET /clients/:id' },
    { id: 'tpc_1', operation: 'POST /client-grants' },
    { id: 'plain1', operation: 'PATCH /clients/:id' },
  ])('$operation is tried again', async ({ id, operation }) => {
    api.fail(operation, { status: 404, times: 2 })
    expect((await admission()(id)).outcome).toBe('admitted')
  })

  test('for a moment only', async () => {
    api.fail('POST /client-grants', { status: 404 })
    await expect(admission()('tpc_1')).rejects.toMatchObject({ code: 'grant_create_http_404' })
    expect(api.calls.filter(({ method }) => method === 'POST')).toHaveLength(3)
  })
})
