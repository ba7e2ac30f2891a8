import { createHash, createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, listenOnLoopback } from '../../deploy/kit/listen.ts'
import { createTools } from '../../deploy/local/backends/tools.ts'
import { planBackend } from '../../functions/gateway/backend/backend-request.ts'
import { compileTool } from '../../functions/gateway/callable-tool.ts'
import {
  searchFetchAnswerFaults,
  searchFetchFaults,
} from '../../shared/catalogue/review/search-fetch.ts'
import { parseTools } from '../../shared/tools.ts'

const ISSUER = 'http://localhost:8080'
const SECRET = 'n'.repeat(64)
const OLD_SECRET = 'o'.repeat(64)
const ALICE = 'auth0|alice'
const BOB = 'auth0|bob'
const TOOLS_FILE = fileURLToPath(new URL('../../deploy/local/tools.yaml', import.meta.url))

let listener: Listener
let base: string

beforeAll(async () => {
  listener = await listenOnLoopback(0, (req, res) => tools(req, res))
  base = `http://127.0.0.1:${listener.port}`
  const tools = createTools({ base, issuer: ISSUER, secrets: [SECRET, OLD_SECRET] })
})

afterAll(() => listener.close())

const now = () => Math.floor(Date.now() / 1000)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function signature(uid: string, seconds: number, secret = SECRET): string {
  const signed = `${uid}.${seconds}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('hex')}`
}

function assertion(claims: JWTPayload, secret = SECRET, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
}

function claimsFor(tool: string, sub: string, body: string): JWTPayload {
  return {
    ...{ iss: ISSUER, aud: `${base}/${tool}`, sub, client_id: 'c', scope: 's', tool },
    ...{ iat: now(), exp: now() + 60, jti: 'request-1', body_sha256: sha256(body) },
    ...{ htm: 'POST', htu: `${base}/${tool}` },
  }
}

interface Call {
  readonly tool?: string
  readonly sub?: string
  readonly body?: string
  readonly secret?: string
  /** Overrides; undefined leaves the header field or the claim out. */
  readonly headers?: Record<string, string | undefined>
  readonly claims?: Record<string, unknown>
}

async function call({ tool = 'listEvents', sub = ALICE, body = '{}', ...over }: Call = {}) {
  const claims = { ...claimsFor(tool, sub, body), ...over.claims }
  const headers = {
    'x-user-uid': `auth0:${sub}`,
    'x-gateway-sig': signature(`auth0:${sub}`, now(), over.secret),
    'x-gateway-assertion': await assertion(claims, over.secret),
    ...over.headers,
  }
  const given = Object.entries(headers).filter(([, value]) => value !== undefined)
  return fetch(`${base}/${tool}`, {
    method: 'POST',
    headers: given as [string, string][],
    body,
  })
}

describe('the sample tools', () => {
  test('return the events of each user, newest first', async () => {
    const [alice, bob] = await Promise.all([call(), call({ sub: BOB })])
    const { events } = (await alice.json()) as { events: { title: string; date: string }[] }

    expect(events.map(({ date }) => date)).toEqual(['2026-12-18', '2026-12-03', '2026-11-27'])
    expect(await bob.json()).not.toMatchObject({ events })
  })

  test('add, limit and count events', async () => {
    const sub = 'google-oauth2|1.2:3'
    const added = await call({ tool: 'addEvent', sub, body: '{"title":"A","date":"2026-01-02"}' })
    await call({ tool: 'addEvent', sub, body: '{"title":"B","date":"2026-01-03"}' })
    const listed = await call({ sub, body: '{"limit":1}' })
    const summary = await call({ tool: 'summarizeEvents', sub })

    expect(await added.json()).toMatchObject({ event: { title: 'A', date: '2026-01-02' } })
    expect(await listed.json()).toMatchObject({ events: [{ title: 'B', date: '2026-01-03' }] })
    expect(await summary.json()).toEqual({
      summary: '2 events from 2026-01-02 to 2026-01-03, the newest: B.',
    })
  })

  test('count one event in the singular', async () => {
    const sub = 'google-oauth2|4'
    await call({ tool: 'addEvent', sub, body: '{"title":"A","date":"2026-01-02"}' })
    const summary = await call({ tool: 'summarizeEvents', sub })

    expect(await summary.json()).toEqual({
      summary: '1 event from 2026-01-02 to 2026-01-02, the newest: A.',
    })
  })

  test('match the schemas of the catalogue', async () => {
    const catalogue = parseTools({ TOOLS_FILE }, compileTool)
    const bodies = { addEvent: '{"title":"A","date":"2026-01-02"}' }

    const functions = [...catalogue].filter(([, { request }]) => request === undefined)
    expect(functions.map(([tool]) => tool)).toEqual(['listEvents', 'addEvent', 'summarizeEvents'])
    for (const [tool, { validateInput, validateOutput, annotations }] of functions) {
      const body = tool in bodies ? bodies.addEvent : '{}'
      const answer = await call({ tool, sub: 'auth0|schema', body })
      expect(validateInput(JSON.parse(body))).toBeUndefined()
      expect(validateInput({ ...JSON.parse(body), other: 1 })).toBeDefined()
      expect(validateOutput?.(await answer.json())).toBeUndefined()
      for (const hint of ['readOnlyHint', 'destructiveHint', 'openWorldHint'] as const) {
        expect(annotations?.[hint], `${tool} ${hint}`).toBeTypeOf('boolean')
      }
    }
  })

  test('serve the HTTP requests that the catalogue describes', async () => {
    const catalogue = parseTools({ TOOLS_FILE }, compileTool)
    const sub = 'auth0|api'
    const added = await call({ tool: 'addEvent', sub, body: '{"title":"A","date":"2026-01-02"}' })
    const { event } = (await added.json()) as { event: { id: string } }
    const ask = async (tool: string, args: object) => {
      const callable = catalogue.get(tool) ?? expect.fail(`no tool ${tool}`)
      const made = planBackend(callable, base).make(JSON.stringify(args), args)
      const { method, url, query } = made
      const claims = {
        ...claimsFor(tool, sub, ''),
        ...{ aud: url, htm: method, htu: url, query_sha256: query ? sha256(query) : undefined },
      }
      const headers = {
        'x-user-uid': `auth0:${sub}`,
        'x-gateway-sig': signature(`auth0:${sub}`, now()),
        'x-gateway-assertion': await assertion(claims),
      }
      const answer = await fetch(made.origin + made.path, { method, headers })
      return [answer.status, await answer.text()]
    }
    const written = JSON.stringify(event)
    const { id: eventId } = event
    expect(await ask('searchEvents', { from: '2026-01-01', title: ['x', 'a'] })).toEqual([
      200,
      `[${written}]`,
    ])
    expect(await ask('searchEvents', { to: '2026-01-01' })).toEqual([200, '[]'])
    expect(await ask('getEvent', { eventId })).toEqual([200, written])
    expect(await ask('deleteEvent', { eventId })).toEqual([204, ''])
    expect(await ask('getEvent', { eventId })).toContain(404)
    expect(catalogue.get('getEvent')?.validateOutput?.(event)).toBeUndefined()
  })

  test('return search and fetch results in the format of ChatGPT', async () => {
    const file = fileURLToPath(new URL('../../deploy/local/knowledge.yaml', import.meta.url))
    const catalogue = parseTools({ TOOLS_FILE: file }, compileTool)
    const ofNames = (...names: string[]) =>
      [...catalogue.values()].filter(({ name }) => names.includes(name))
    expect(searchFetchFaults([...catalogue.values()])).toEqual([])
    expect(ofNames('profile')[0]).toMatchObject({ answeredBy: 'gateway', access: 'signed-in' })

    const found = await (await call({ tool: 'search', body: '{"query":"LISBON"}' })).json()
    expect(found).toMatchObject({ results: [{ id: 'a3', title: 'Flight to Lisbon' }] })
    expect(searchFetchAnswerFaults('search', found)).toEqual([])
    expect(catalogue.get('search')?.validateOutput?.(found)).toBeUndefined()
    const fetched = await (await call({ tool: 'fetch', body: '{"id":"a3"}' })).json()
    expect(searchFetchAnswerFaults('fetch', fetched)).toEqual([])
    expect(catalogue.get('fetch')?.validateOutput?.(fetched)).toBeUndefined()
    expect((await call({ tool: 'fetch', body: '{"id":"b1"}' })).status).toBe(404)
  })

  test('return no events for an unauthenticated caller of a public tool', async () => {
    const headers = { 'x-user-uid': undefined, 'x-gateway-sig': undefined }
    const answer = await call({ headers, claims: { sub: undefined } })

    expect(await answer.json()).toEqual({ events: [] })
  })

  test('respond with 404 to an unknown tool and with 405 to GET', async () => {
    const unknown = await call({ tool: 'constructor' })
    expect(unknown.status).toBe(404)
    expect(await unknown.text()).toContain('Set FUNCTIONS_BASE to the URL of your backends.')
    expect((await fetch(`${base}/listEvents`)).status).toBe(405)
  })
})

describe('the verification of the gateway in the sample tools', () => {
  test('accepts the old secret during a rotation', async () => {
    expect((await call({ secret: OLD_SECRET })).status).toBe(200)
  })

  const uid = `auth0:${ALICE}`
  const mac = (text: string) => createHmac('sha256', SECRET).update(text).digest('hex')
  test.each<[string, () => Call]>([
    ['no user id', () => ({ headers: { 'x-user-uid': undefined } })],
    ['another user id', () => ({ headers: { 'x-user-uid': `auth0:${BOB}` } })],
    ['no signature', () => ({ headers: { 'x-gateway-sig': undefined } })],
    ['an empty signature', () => ({ headers: { 'x-gateway-sig': '' } })],
    [
      'the signature of another user',
      () => ({ headers: { 'x-gateway-sig': signature(BOB, now()) } }),
    ],
    [
      'a signature by another secret',
      () => ({ headers: { 'x-gateway-sig': signature(uid, now(), 'x') } }),
    ],
    [
      'a signature by the other secret',
      () => ({ headers: { 'x-gateway-sig': signature(uid, now(), OLD_SECRET) } }),
    ],
    [
      'a signature of 62 s ago',
      () => ({ headers: { 'x-gateway-sig': signature(uid, now() - 62) } }),
    ],
    [
      'a signature of the future',
      () => ({ headers: { 'x-gateway-sig': signature(uid, now() + 10) } }),
    ],
    [
      'a time that is not a decimal number',
      () => ({ headers: { 'x-gateway-sig': `${uid}.1e9.${mac(`${uid}.1e9`)}` } }),
    ],
    [
      'a truncated signature',
      () => ({ headers: { 'x-gateway-sig': signature(uid, now()).slice(0, -2) } }),
    ],
    ['no assertion', () => ({ headers: { 'x-gateway-assertion': undefined } })],
    [
      'no signature and no assertion',
      () => ({
        headers: {
          'x-user-uid': undefined,
          'x-gateway-sig': undefined,
          'x-gateway-assertion': undefined,
        },
      }),
    ],
    [
      'no user outside the assertion',
      () => ({ headers: { 'x-user-uid': undefined, 'x-gateway-sig': undefined } }),
    ],
    ['an assertion without a user', () => ({ claims: { sub: undefined } })],
    ['an assertion of another user', () => ({ claims: { sub: BOB } })],
    ['another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
    ['no issuer', () => ({ claims: { iss: undefined } })],
    ['the URL of another tool', () => ({ claims: { aud: `${base}/addEvent` } })],
    ['another host', () => ({ claims: { aud: 'https://backend.example/listEvents' } })],
    ['another tool', () => ({ claims: { tool: 'addEvent' } })],
    ['another method', () => ({ claims: { htm: 'GET' } })],
    ['no method', () => ({ claims: { htm: undefined } })],
    ['another URL', () => ({ claims: { htu: `${base}/addEvent` } })],
    ['a query that the call does not have', () => ({ claims: { query_sha256: sha256('a=b') } })],
    ['another body', () => ({ claims: { body_sha256: sha256('{"limit":1}') } })],
    ['no body digest', () => ({ claims: { body_sha256: undefined } })],
    ['an expired assertion', () => ({ claims: { exp: now() - 10 } })],
    ['no expiry', () => ({ claims: { exp: undefined } })],
    ['an old assertion', () => ({ claims: { iat: now() - 70 } })],
    ['no request id', () => ({ claims: { jti: undefined } })],
  ])('rejects %s', async (_, over) => {
    const answer = await call(over())

    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ error: 'unauthorized' })
  })

  test.each([
    ['another secret', () => assertion(claimsFor('listEvents', ALICE, '{}'), 'x'.repeat(64))],
    ['another algorithm', () => assertion(claimsFor('listEvents', ALICE, '{}'), SECRET, 'HS512')],
    ['no algorithm', async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('rejects an assertion with %s', async (_, make) => {
    const answer = await call({ headers: { 'x-gateway-assertion': await make() } })

    expect(answer.status).toBe(401)
  })
})
