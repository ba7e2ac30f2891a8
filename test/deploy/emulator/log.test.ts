import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Management } from 'auth0'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AUDIENCE, type LocalTenant, startLocalTenant } from '../../support/auth0/local-tenant.ts'
import { until } from '../../support/auth0/tenant-admin.ts'

interface Received {
  readonly path: string
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly custom: string | undefined
  readonly body: string
}
interface Sent {
  readonly log_id: string
  readonly data: Record<string, unknown>
}

let tenant: LocalTenant
let status = 204
const received: Received[] = []
const sink = createServer(async (req, res) => {
  const { authorization, 'content-type': contentType, 'x-custom': custom } = req.headers
  const body = await text(req)
  received.push({ path: req.url ?? '', authorization, contentType, custom: String(custom), body })
  res.writeHead(status).end()
})
let url: string

beforeAll(async () => {
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  tenant = await startLocalTenant({ logStream: { url: `${url}/own`, authorization: 'Bearer own' } })
})
beforeEach(() => tenant.reset())
afterEach(() => {
  received.splice(0)
  status = 204
})
afterAll(async () => {
  await tenant?.close()
  sink.closeAllConnections()
  sink.close()
})

/** The records of each delivery to a path, in order. */
function recordsAt(path: string): Sent[][] {
  return received
    .filter((delivery) => delivery.path === path)
    .map(({ body }) => {
      if (body.startsWith('[')) return JSON.parse(body) as Sent[]
      return body.split('\n').map((line) => JSON.parse(line) as Sent)
    })
}
const registrationsAt = (path: string) =>
  recordsAt(path)
    .flat()
    .filter(({ data }) => data['description'] === 'Dynamic client registration')
const arrived = (path: string, count: number) =>
  until(async () => registrationsAt(path).length >= count, `${count} records at ${path}`)

describe('the initial log stream of the Auth0 emulator', () => {
  test('is listed as a log stream and delivers registrations', async () => {
    const [stream] = await tenant.management.logStreams.list()
    expect(stream).toMatchObject({
      id: expect.stringMatching(/^lst_/),
      type: 'http',
      status: 'active',
      filters: [{ type: 'category', name: 'management.success' }],
      sink: {
        httpEndpoint: `${url}/own`,
        httpAuthorization: 'Bearer own',
        httpContentFormat: 'JSONARRAY',
        httpContentType: 'application/json',
      },
    })
    const clientId = await tenant.registered()
    await arrived('/own', 1)
    expect(received[0]).toMatchObject({
      authorization: 'Bearer own',
      contentType: 'application/json',
    })
    expect(registrationsAt('/own')[0]?.data).toMatchObject({
      type: 'sapi',
      client_id: clientId,
      client_name: 'ChatGPT',
      details: {
        request: { path: '/oidc/register', body: { client_name: 'ChatGPT' } },
        response: { statusCode: 201, body: { client_id: clientId } },
      },
    })
  })

  test.each(['JSONLINES', 'JSONARRAY', 'JSONOBJECT'])(
    'delivers %s with every record at least once, in reverse order, with the last delivered one repeated',
    async (format) => {
      await tenant.admin.change({ logStream: { format } })
      await tenant.registered()
      await arrived('/own', 1)
      received.splice(0)
      await tenant.admin.change({ logStream: { paused: true } })
      for (let count = 0; count < 3; count++) await tenant.registered()
      await tenant.admin.change({ logStream: { paused: false } })
      await arrived('/own', 4)
      const deliveries = recordsAt('/own')
      expect(deliveries).toHaveLength(format === 'JSONOBJECT' ? 4 : 1)
      const dates = deliveries.flat().map(({ data }) => String(data['date']))
      expect(dates).toEqual([...dates].sort().reverse())
      expect(new Set(deliveries.flat().map(({ log_id }) => log_id)).size).toBe(4)
    },
  )

  test('retries until it gets a 2xx response', async () => {
    status = 503
    await tenant.registered()
    await until(async () => received.length >= 2, 'a second try')
    status = 204
    await until(async () => {
      const { deliveries } = (await tenant.admin.state()).logStream
      return deliveries.at(-1)?.status === 204
    }, 'it is taken')
  })

  test('loses no record if the format changes between two attempts', async () => {
    status = 500
    await tenant.admin.change({ logStream: { paused: true } })
    for (let count = 0; count < 3; count++) await tenant.registered()
    await tenant.admin.change({ logStream: { paused: false } })
    await arrived('/own', 3)
    received.splice(0)
    await tenant.admin.change({ logStream: { format: 'JSONOBJECT' } })
    status = 204
    await arrived('/own', 3)
    expect(new Set(registrationsAt('/own').map(({ log_id }) => log_id)).size).toBe(3)
  })

  test('repeats or delays deliveries as staged', async () => {
    await tenant.registered()
    await arrived('/own', 1)
    await tenant.admin.change({ logStream: { redeliver: true } })
    await arrived('/own', 2)
    await tenant.admin.change({ logStream: { delayMs: 300 } })
    const before = Date.now()
    await tenant.registered()
    await arrived('/own', 4)
    expect(Date.now() - before).toBeGreaterThanOrEqual(300)
  })
})

describe('a log stream from the Management API of the Auth0 emulator', () => {
  const create = (changes: Partial<Management.CreateLogStreamHttpRequestBody>) =>
    tenant.management.logStreams.create({
      type: 'http',
      name: 'another',
      sink: {
        httpEndpoint: `${url}/other`,
        httpAuthorization: 'letter by letter',
        httpCustomHeaders: [{ header: 'x-custom', value: 'yes' }],
      },
      ...changes,
    })

  test('delivers the records that match its filters, independently of the other stream', async () => {
    await create({ filters: [{ type: 'category', name: 'auth.login.success' }] })
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    await tenant.connect(clientId)
    await until(async () => recordsAt('/other').length > 0, 'the sign-in is delivered')
    expect(
      recordsAt('/other')
        .flat()
        .map(({ data }) => data['type']),
    ).toEqual(['s'])
    expect(
      recordsAt('/own')
        .flat()
        .map(({ data }) => data['type']),
    ).not.toContain('s')
    expect(received.find(({ path }) => path === '/other')).toMatchObject({
      authorization: 'letter by letter',
      custom: 'yes',
    })
  })

  test('stops when it is paused, continues when it is active and ends when it is deleted', async () => {
    const { logStreams } = tenant.management
    const { id = '' } = await create({})
    await logStreams.update(id, { status: 'paused' })
    await tenant.registered()
    await arrived('/own', 1)
    expect(registrationsAt('/other')).toEqual([])
    await logStreams.update(id, { status: 'active', sink: { httpEndpoint: `${url}/moved` } })
    await arrived('/moved', 1)
    expect(received.find(({ path }) => path === '/moved')?.authorization).toBeUndefined()
    await logStreams.delete(id)
    await tenant.registered()
    await arrived('/own', 2)
    expect(registrationsAt('/moved')).toHaveLength(1)
    expect(registrationsAt('/other')).toEqual([])
    expect((await logStreams.list()).map(({ name }) => name)).toEqual(['log-webhook'])
  })

  test('delivers older records from startFrom on', async () => {
    const since = new Date().toISOString()
    await tenant.registered()
    await create({})
    await create({ startFrom: since, sink: { httpEndpoint: `${url}/since` } })
    await arrived('/since', 1)
    expect(registrationsAt('/other')).toEqual([])
  })

  test('rejects an http endpoint that is not on loopback', async () => {
    const call = create({ sink: { httpEndpoint: 'http://example.com/hook' } })
    await expect(call).rejects.toMatchObject({ statusCode: 400 })
  })
})

describe('the log of the Auth0 emulator', () => {
  test('contains the sign-ins and token requests of a client, newest first', async () => {
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    await tenant.refresh(clientId, await tenant.connect(clientId))
    const search = `client_id:"${clientId}" AND type:(s OR seacft OR sertft)`
    const { data, response } = await tenant.management.logs.list({ search, per_page: 10 })
    expect(data.map(({ type }) => type)).toEqual(['sertft', 'seacft', 's'])
    expect(response).toMatchObject({ start: 0, limit: 10, length: 3, total: 3 })
    expect(data[0]).toMatchObject({ user_id: 'auth0|alice', client_name: 'ChatGPT' })
    const one = await tenant.management.logs.get(data[0]?.log_id ?? '')
    expect(one).toEqual(data[0])
  })

  test.each([
    ['type:sapi AND description:"Dynamic client registration"', 2],
    ['type:sapi description:"Dynamic client registration"', 2],
    ['client_name:First', 1],
    ['client_name:Fi*', 1],
    ['NOT client_name:First AND type:sapi', 1],
    ['client_name:First OR client_name:Second', 2],
    ['(client_name:First OR client_name:Second) AND type:fapi', 0],
    ['client_name:first', 0],
    ['Second', 1],
    ['_exists_:client_name', 2],
    ['date:[2020-01-01 TO 2099-12-31] AND type:sapi', 2],
    ['date:[* TO 2020-01-01]', 0],
  ])('returns for the search %s the number of records: %i', async (search, count) => {
    await tenant.registered({ client_name: 'First' })
    await tenant.registered({ client_name: 'Second' })
    const { data } = await tenant.management.logs.list({ search })
    // The log may contain the token request of this call.
    expect(data.filter(({ type }) => type !== 'seccft')).toHaveLength(count)
  })

  test('is sorted and can be read from a record on', async () => {
    const ids = [await tenant.registered(), await tenant.registered()]
    const search = 'type:sapi'
    const sorted = await tenant.management.logs.list({ search, sort: 'date:1', per_page: 1 })
    expect(sorted.data[0]?.client_id).toBe(ids[0])
    const from = sorted.data[0]?.log_id ?? ''
    const rest = await tenant.management.logs.list({}, { queryParams: { from, take: 5 } })
    expect(rest.response).toMatchObject([{ client_id: ids[1] }])
  })

  test('contains failed token requests and no secrets', async () => {
    const { clients, logs } = tenant.management
    await clients.create({ name: 'With a secret', client_secret: undefined } as never)
    const clientId = await tenant.registered()
    await tenant.admit(clientId)
    const tokens = await tenant.connect(clientId)
    await tenant.refresh(clientId, tokens)
    await tenant.refresh(clientId, tokens)
    const { data } = await logs.list({ search: 'type:ferrt' })
    expect(data).toMatchObject([{ client_id: clientId }])
    const all = JSON.stringify((await logs.list({ per_page: 100 })).data)
    expect(all).toContain(AUDIENCE)
    expect(all).not.toMatch(/client_secret"|httpAuthorization|ey[A-Z]/)
  })
})
