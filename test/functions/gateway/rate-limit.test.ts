import { hash } from 'node:crypto'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { gatewayStack } from '../../support/gateway/stack.ts'
import { freePort } from '../../support/http/free-port.ts'
import { hasRedis, type RedisServer, startRedis } from '../../support/http/redis.ts'
import { handshakeMessage, type Served } from '../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

afterEach(() => void vi.useRealTimers())

async function headersOf(user: string) {
  const authorization = `Bearer ${await issuer.token({ sub: user })}`
  return { 'content-type': 'application/json', authorization }
}

async function rest(served: Served, user = 'auth0|alice') {
  const headers = await headersOf(user)
  return served.send({ method: 'POST', path: '/tools/listEvents', headers, body: {} })
}

async function mcp(served: Served, body: unknown, user = 'auth0|alice') {
  return served.send({ method: 'POST', path: '/mcp', headers: await headersOf(user), body })
}

const call = handshakeMessage('tools/call', { name: 'listEvents' })
const list = handshakeMessage('tools/list')

describe('RATE_LIMIT_PER_MINUTE', () => {
  test('limits the calls of a user, and the response has the remaining calls', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '2' })
    for (const left of [1, 0]) {
      const answer = await mcp(served, call)
      expect(answer.status).toBe(200)
      expect(answer.headers['ratelimit-policy']).toBe('"calls";q=2;w=60')
      expect(answer.headers['ratelimit']).toBe(`"calls";r=${left};t=60`)
    }
    const refused = await mcp(served, call)
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toMatch(/^(60|5\d)$/)
    expect(refused.headers['ratelimit']).toBe('"calls";r=0;t=60')
    expect(refused.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32000, message: 'Too many calls: wait 60 s.' },
    })
    expect(backend.calls).toHaveLength(2)
    expect(served.lines.at(-1)).toMatchObject({ reason: 'rate_limited' })
  })

  test('counts REST and MCP together, and REST gets 429 with problem details', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    expect((await mcp(served, call)).status).toBe(200)
    const refused = await rest(served)
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toBe('application/problem+json')
    expect(refused.json()).toMatchObject({ status: 429, title: 'Too Many Requests' })
  })

  test('counts each user separately', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    expect((await rest(served, 'auth0|alice')).status).toBe(200)
    expect((await rest(served, 'auth0|bob')).status).toBe(200)
    expect((await rest(served, 'auth0|alice')).status).toBe(429)
  })

  test('counts each call of a batch and refuses the batch as a whole', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '3' })
    const two = [call, { ...call, id: 2 }]
    expect((await mcp(served, two)).headers['ratelimit']).toBe('"calls";r=1;t=60')
    expect((await mcp(served, two)).status).toBe(429)
    expect(backend.calls).toHaveLength(2)
  })

  test('does not limit tools/list', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    for (let round = 0; round < 3; round++) {
      const answer = await mcp(served, list)
      expect(answer.status).toBe(200)
      expect(answer.headers).not.toHaveProperty('ratelimit')
    }
  })

  test('does not limit a public tool without a token', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    const headers = { 'content-type': 'application/json' }
    for (let round = 0; round < 3; round++) {
      const answer = await served.send({ method: 'POST', path: '/tools/about', headers, body: {} })
      expect(answer.status).toBe(200)
    }
  })

  test('limits nothing if it is not set', async () => {
    const answer = await rest(await start({}))
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('ratelimit-policy')
  })
})

describe('anonymous calls', () => {
  const headers = { 'content-type': 'application/json' }
  const anonymous = (served: Served, body: unknown = { ...call, params: { name: 'about' } }) =>
    served.send({ method: 'POST', path: '/mcp', headers, body })

  test('are limited together by RATE_LIMIT_ANONYMOUS_PER_MINUTE, which does not limit users', async () => {
    const served = await start({ RATE_LIMIT_ANONYMOUS_PER_MINUTE: '2' })
    for (const left of [1, 0]) {
      expect((await anonymous(served)).headers['ratelimit']).toBe(`"calls";r=${left};t=60`)
    }
    const refused = await anonymous(served)
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toMatch(/^(60|5\d)$/)
    expect((await rest(served)).status).toBe(200)
    expect((await rest(served)).headers).not.toHaveProperty('ratelimit')
  })

  test('are counted one by one in a batch', async () => {
    const served = await start({ RATE_LIMIT_ANONYMOUS_PER_MINUTE: '2' })
    const about = { ...call, params: { name: 'about' } }
    const batch = [1, 2, 3].map((id) => ({ ...about, id }))
    expect((await anonymous(served, batch)).status).toBe(429)
    expect(backend.calls).toEqual([])
  })
})

describe('rateLimit of a tool', () => {
  const toolsWith = (rateLimit: object) =>
    JSON.stringify({
      listEvents: { scopes: ['events:read'], rateLimit },
      about: { scopes: [], rateLimit },
    })
  const callOf = (name: string) => ({ ...call, params: { name } })

  test('limits each user of the tool in addition to RATE_LIMIT_PER_MINUTE', async () => {
    const TOOLS = toolsWith({ perMinute: 1 })
    const served = await start({ TOOLS, RATE_LIMIT_PER_MINUTE: '5' })
    const first = await mcp(served, callOf('listEvents'))
    expect(first.headers['ratelimit-policy']).toBe('"calls";q=5;w=60, "listEvents";q=1;w=60')
    expect(first.headers['ratelimit']).toBe('"calls";r=4;t=60, "listEvents";r=0;t=60')
    expect((await mcp(served, callOf('listEvents'))).status).toBe(429)
    expect((await mcp(served, callOf('about'))).status).toBe(200)
    expect((await mcp(served, callOf('listEvents'), 'auth0|bob')).status).toBe(200)
    expect((await rest(served)).status).toBe(429)
  })

  test('limits all users together with per: all', async () => {
    const served = await start({ TOOLS: toolsWith({ perMinute: 1, per: 'all' }) })
    expect((await rest(served, 'auth0|alice')).status).toBe(200)
    expect((await rest(served, 'auth0|bob')).status).toBe(429)
  })

  test('counts each call of a batch for its own tool', async () => {
    const served = await start({ TOOLS: toolsWith({ perMinute: 2 }) })
    const batch = ['about', 'listEvents', 'about'].map((name, id) => ({ ...callOf(name), id }))
    expect((await mcp(served, batch)).headers['ratelimit']).toBe(
      '"about";r=0;t=60, "listEvents";r=1;t=60',
    )
    expect((await mcp(served, batch)).status).toBe(429)
  })

  test.each([
    [{ perMinute: 0 }, 'rateLimit.perMinute'],
    [{ perMinute: 1.5 }, 'rateLimit.perMinute'],
    [{ perMinute: 1, per: 'client' }, 'rateLimit.per'],
    [{ perMinute: 1, burst: 2 }, 'rateLimit'],
  ])('stops the start if it is %j', async (rateLimit, place) => {
    await expect(start({ TOOLS: toolsWith(rateLimit) })).rejects.toThrow(place)
  })
})

test('during an outage of Redis calls are accepted, and the outage is logged once a minute', async () => {
  const served = await start({
    RATE_LIMIT_PER_MINUTE: '1',
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
  })
  for (let round = 0; round < 3; round++) expect((await rest(served)).status).toBe(200)
  const complaints = () =>
    served.lines.filter(({ message }) => message === 'rate_limit_unavailable').length
  expect(complaints()).toBe(1)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  expect((await rest(served)).status).toBe(200)
  expect(complaints()).toBe(2)
})

describe.skipIf(!hasRedis())('REDIS_URL', () => {
  let redis: RedisServer
  let url: string

  beforeAll(async () => {
    redis = await startRedis()
    url = redis.url
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  test('makes instances share their counts', async () => {
    const env = { RATE_LIMIT_PER_MINUTE: '2', REDIS_URL: url }
    const [one, other] = [await start(env), await start(env)]
    expect((await rest(one, 'auth0|carol')).headers['ratelimit']).toMatch(/^"calls";r=1;t=/)
    expect((await rest(other, 'auth0|carol')).headers['ratelimit']).toMatch(/^"calls";r=0;t=/)
    const refused = await rest(one, 'auth0|carol')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
  })

  test('accepts calls when Redis stops responding', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1', REDIS_URL: url })
    expect((await rest(served, 'auth0|dave')).status).toBe(200)
    expect((await rest(served, 'auth0|dave')).status).toBe(429)
    redis.process.kill('SIGSTOP')
    const startedAt = performance.now()
    // Without a time limit, the call waits until Redis continues.
    expect((await rest(served, 'auth0|dave')).status).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(60_000)
    redis.process.kill('SIGCONT')
  })

  test.each([
    ['is text', ['SET', 'KEY', 'many']],
    ['is a list', ['RPUSH', 'KEY', '1']],
    ['is negative', ['SET', 'KEY', '-1000', 'EX', '60']],
    ['has a time to live of years', ['SET', 'KEY', '1000', 'EX', '999999999']],
  ])(
    'accepts calls without RateLimit fields and logs an error if a count %s',
    async (_, command) => {
      const key = `gateway:${hash('sha256', 'auth0|erin', 'base64url')}`
      const { Redis } = await import('ioredis')
      const client = new Redis(url)
      await client.del(key)
      const [name = '', ...args] = command.map((part) => (part === 'KEY' ? key : part))
      await client.call(name, ...args)
      const served = await start({ RATE_LIMIT_PER_MINUTE: '1', REDIS_URL: url })
      const answer = await rest(served, 'auth0|erin')
      await client.del(key)
      client.disconnect()
      expect(answer.status).toBe(200)
      expect(answer.headers).not.toHaveProperty('ratelimit')
      expect(JSON.stringify(answer.headers)).not.toContain('NaN')
      expect(served.lines).toContainEqual(
        expect.objectContaining({ message: 'rate_limit_unavailable', severity: 'ERROR' }),
      )
    },
  )
})

test.each([
  ['strings', '*2\r\n$3\r\nabc\r\n$1\r\n?\r\n'],
  ['null values', '*2\r\n$-1\r\n$-1\r\n'],
  ['no array', '$2\r\nOK\r\n'],
])('a Redis that responds with %s causes no NaN in header fields', async (_, reply) => {
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    // One reply to each command. A RESP array begins with an asterisk at the start of a line.
    socket.on('data', (data: Buffer) => {
      const text = String(data)
      const isInfo = /\binfo\b/i.test(text)
      for (const _command of text.match(/(?:^|\n)\*\d+\r/g) ?? []) {
        socket.write(isInfo ? '$17\r\nredis_version:7.0\r\n' : reply)
      }
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const served = await start({
    RATE_LIMIT_PER_MINUTE: '1',
    REDIS_URL: `redis://127.0.0.1:${port}`,
  })
  const answer = await rest(served)
  for (const socket of sockets) socket.destroy()
  server.close()
  expect(answer.status).toBe(200)
  expect(answer.headers).not.toHaveProperty('ratelimit')
  expect(JSON.stringify(answer.headers)).not.toContain('NaN')
  expect(served.lines).toContainEqual(
    expect.objectContaining({ message: 'rate_limit_unavailable' }),
  )
})
