import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  audienceOf,
  createGoogleIdentity,
  GoogleIdentityError,
} from '../../functions/gateway/backend/google-identity.ts'

// gateway/backend/google-id-token.test.ts tests what a backend receives with BACKEND_AUTH=google.

type Answer = (req: IncomingMessage, res: ServerResponse, audience: string) => void

const BASE = 'https://us-central1-acme.cloudfunctions.net'
const asked: string[] = []
let answer: Answer
let host: string
const server = createServer((req, res) => {
  const audience = new URL(req.url ?? '', 'http://metadata').searchParams.get('audience') ?? ''
  asked.push(audience)
  answer(req, res, audience)
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked.length = 0
  answer = tokenFor(3_600)
})

function tokenFor(expiresInSeconds: number): Answer {
  return (_, res, audience) => {
    const expiresAt = Math.floor(Date.now() / 1000) + expiresInSeconds
    const token = new UnsecuredJWT({ n: asked.length }).setAudience(audience)
    res.end(`${token.setExpirationTime(expiresAt).encode()}\n`)
  }
}

const fieldOf = (identity: ReturnType<typeof createGoogleIdentity>, url: string) =>
  identity(url).then((headers) => headers['x-serverless-authorization'] ?? '')
const audienceIn = (field: string) => UnsecuredJWT.decode(field.replace('Bearer ', '')).payload.aud

describe('the audience of an ID token', () => {
  test.each([
    [`${BASE}/listEvents`, `${BASE}/listEvents`],
    [`${BASE}/listEvents?user=1`, `${BASE}/listEvents`],
    [`${BASE}/docs/handbook`, `${BASE}/docs`],
    ['https://tools-abc123-uc.a.run.app/listEvents', 'https://tools-abc123-uc.a.run.app'],
    ['https://tools-123.us-central1.run.app/a/b', 'https://tools-123.us-central1.run.app'],
    ['http://127.0.0.1:8080/listEvents', 'http://127.0.0.1:8080'],
    ['https://cloudfunctions.net.evil.example/x', 'https://cloudfunctions.net.evil.example'],
    ['https://evilcloudfunctions.net/x', 'https://evilcloudfunctions.net'],
  ])('for %s is %s', (url, audience) => {
    expect(audienceOf(new URL(url))).toBe(audience)
  })

  test('is each function on cloudfunctions.net, with one token request per function', async () => {
    const identity = createGoogleIdentity(host)
    const tools = ['listEvents', 'addEvent', 'listEvents', 'addEvent', 'listEvents']
    const fields = await Promise.all(tools.map((tool) => fieldOf(identity, `${BASE}/${tool}`)))
    expect(fields.map(audienceIn)).toEqual(tools.map((tool) => `${BASE}/${tool}`))
    expect(asked).toEqual([`${BASE}/listEvents`, `${BASE}/addEvent`])
  })

  test('is the service on run.app, with one token for all its tools', async () => {
    const identity = createGoogleIdentity(host)
    const service = 'https://tools-123.us-central1.run.app'
    const one = await fieldOf(identity, `${service}/listEvents`)
    expect(await fieldOf(identity, `${service}/addEvent`)).toBe(one)
    expect(asked).toEqual([service])
  })
})

describe('an ID token', () => {
  test.each([
    { name: 'more than 5 minutes left', seconds: 302, requests: 1 },
    { name: 'less than 5 minutes left', seconds: 299, requests: 2 },
    { name: 'expired', seconds: -1, requests: 2 },
  ])('is cached until 5 minutes before it expires: $name', async ({ seconds, requests }) => {
    answer = tokenFor(seconds)
    const identity = createGoogleIdentity(host)
    await fieldOf(identity, `${BASE}/listEvents`)
    await fieldOf(identity, `${BASE}/listEvents`)
    expect(asked).toHaveLength(requests)
  })

  test('is replaced by one request for concurrent calls', async () => {
    answer = tokenFor(299)
    const identity = createGoogleIdentity(host)
    await fieldOf(identity, `${BASE}/listEvents`)
    answer = tokenFor(3_600)
    const calls = Array.from({ length: 10 }, () => fieldOf(identity, `${BASE}/listEvents`))
    expect(new Set(await Promise.all(calls)).size).toBe(1)
    expect(asked).toHaveLength(2)
  })
})

describe('a metadata server', () => {
  const troubles: readonly (readonly [string, Answer])[] = [
    ['responds with 404', (_, res) => res.writeHead(404).end('no such account')],
    ['responds with 503', (_, res) => res.writeHead(503).end()],
    ['redirects', (_, res) => res.writeHead(302, { location: `http://${host}/` }).end()],
    ['responds with HTML', (_, res) => res.end('<html>')],
    [
      'responds with a token and another line',
      (_, res) => res.end(`${new UnsecuredJWT({}).encode()}\r\nx-user-uid: auth0:mallory`),
    ],
    ['responds with an empty body', (_, res) => res.end()],
    ['responds with 20,000 bytes', (_, res) => res.end('x'.repeat(20_000))],
    ['resets the connection', (_, res) => res.socket?.resetAndDestroy()],
  ]

  test.each(troubles)(
    'that %s fails all waiting calls, and the next call requests a token again',
    async (_, trouble) => {
      answer = trouble
      const identity = createGoogleIdentity(host)
      const calls = Array.from({ length: 3 }, () => identity(`${BASE}/listEvents`))
      const results = await Promise.allSettled(calls)
      for (const result of results) {
        expect(result).toMatchObject({ reason: expect.any(GoogleIdentityError) })
      }
      expect(asked).toHaveLength(1)

      answer = tokenFor(3_600)
      expect(audienceIn(await fieldOf(identity, `${BASE}/listEvents`))).toBe(`${BASE}/listEvents`)
    },
  )

  test('that cannot be reached fails the call', async () => {
    const identity = createGoogleIdentity('127.0.0.1:1')
    await expect(identity(`${BASE}/listEvents`)).rejects.toThrow(GoogleIdentityError)
  })
})
