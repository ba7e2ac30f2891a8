import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Backend, startBackend } from '../support/backend.ts'
import { freePort } from '../support/free-port.ts'
import { type Issuer, startIssuer } from '../support/issuer.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis.ts'
import { handshakeMessage, type Served, serveGateway } from '../support/serve.ts'

let issuer: Issuer
let backend: Backend
const running: Served[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startBackend()
})
beforeEach(() => {
  backend.reset()
  backend.script('listEvents', { body: { events: ['dentist'] } })
})
afterEach(async () => {
  vi.useRealTimers()
  for (const served of running.splice(0)) await served[Symbol.asyncDispose]()
})
afterAll(async () => {
  await issuer[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

async function start(env: Readonly<Record<string, string>>): Promise<Served> {
  const functionsBase = backend.url
  const served = await serveGateway({ issuer: issuer.url, functionsBase, env })
  running.push(served)
  return served
}

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
  test('a user has so many calls in a minute, and is told how many are left', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '2' })
    for (const left of [1, 0]) {
      const answer = await mcp(served, call)
      expect(answer.status).toBe(200)
      expect(answer.headers['ratelimit-policy']).toBe('"calls";q=2;w=60')
      expect(answer.headers['ratelimit']).toBe(`"calls";r=${left};t=60`)
    }
    const refused = await mcp(served, call)
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toBe('60')
    expect(refused.headers['ratelimit']).toBe('"calls";r=0;t=60')
    expect(refused.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32000, message: 'Too many calls: wait 60 s.' },
    })
    expect(backend.calls).toHaveLength(2)
    expect(served.lines.at(-1)).toMatchObject({ reason: 'rate_limited' })
  })

  test('REST counts with MCP, and answers 429 as problem details', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    expect((await mcp(served, call)).status).toBe(200)
    const refused = await rest(served)
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toBe('application/problem+json')
    expect(refused.json()).toMatchObject({ status: 429, title: 'Too Many Requests' })
  })

  test('each user has their own', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    expect((await rest(served, 'auth0|alice')).status).toBe(200)
    expect((await rest(served, 'auth0|bob')).status).toBe(200)
    expect((await rest(served, 'auth0|alice')).status).toBe(429)
  })

  test('a batch counts as many calls as it holds, and is refused as a whole', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '3' })
    const two = [call, { ...call, id: 2 }]
    expect((await mcp(served, two)).headers['ratelimit']).toBe('"calls";r=1;t=60')
    expect((await mcp(served, two)).status).toBe(429)
    expect(backend.calls).toHaveLength(2)
  })

  test('only calls count: the list is not limited', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    for (let round = 0; round < 3; round++) {
      const answer = await mcp(served, list)
      expect(answer.status).toBe(200)
      expect(answer.headers).not.toHaveProperty('ratelimit')
    }
  })

  test('a public tool without a token is not limited', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1' })
    const headers = { 'content-type': 'application/json' }
    for (let round = 0; round < 3; round++) {
      const answer = await served.send({ method: 'POST', path: '/tools/about', headers, body: {} })
      expect(answer.status).toBe(200)
    }
  })

  test('without it nothing is limited or counted', async () => {
    const answer = await rest(await start({}))
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('ratelimit-policy')
  })
})

test('while Redis is down calls pass, which is logged once a minute', async () => {
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

  test('instances count together', async () => {
    const env = { RATE_LIMIT_PER_MINUTE: '2', REDIS_URL: url }
    const [one, other] = [await start(env), await start(env)]
    expect((await rest(one, 'auth0|carol')).headers['ratelimit']).toMatch(/^"calls";r=1;t=/)
    expect((await rest(other, 'auth0|carol')).headers['ratelimit']).toMatch(/^"calls";r=0;t=/)
    const refused = await rest(one, 'auth0|carol')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
  })

  test('Redis that goes away in mid-flight lets calls pass', async () => {
    const served = await start({ RATE_LIMIT_PER_MINUTE: '1', REDIS_URL: url })
    expect((await rest(served, 'auth0|dave')).status).toBe(200)
    expect((await rest(served, 'auth0|dave')).status).toBe(429)
    redis.process.kill('SIGSTOP')
    const startedAt = performance.now()
    expect((await rest(served, 'auth0|dave')).status).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    redis.process.kill('SIGCONT')
  })
})
