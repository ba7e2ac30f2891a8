import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../support/http/backend.ts'
import { type Issuer, startIssuer } from '../support/http/issuer.ts'
import { handshakeMessage, type Served, serveGateway } from '../support/http/serve.ts'
import { directory, run } from './run.ts'

type Json = Readonly<Record<string, unknown>>

const SHOP = fileURLToPath(new URL('fixtures/shop.yaml', import.meta.url))

let issuer: Issuer
let backend: Backend
let gateway: Served | undefined

beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startBackend()
})
beforeEach(() => backend.reset())
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

/** The gateway with the catalogue that the command wrote for the fixture. */
async function served(): Promise<Served> {
  if (gateway !== undefined) return gateway
  const out = join(directory(), 'tools.yaml')
  const { code, errors } = await run(SHOP, '--out', out)
  expect([code, errors]).toEqual([0, ''])
  gateway = await serveGateway({
    issuer: issuer.url,
    functionsBase: backend.url,
    env: { TOOLS: readFileSync(out, 'utf8') },
  })
  return gateway
}

async function send(name: string, args: Json, claims?: Json) {
  return (await served()).send({
    method: 'POST',
    path: '/mcp',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await issuer.token({ scope: 'orders:read orders:write', ...claims })}`,
    },
    body: handshakeMessage('tools/call', { name, arguments: args }),
  })
}

async function call(name: string, args: Json): Promise<Json> {
  return (await send(name, args)).json<{ result: Json }>().result
}

const text = (result: Json) => JSON.stringify(result['content'])

describe('a call of an imported tool through the gateway', () => {
  test('sends path, query and header fields as the document declares them', async () => {
    backend.script('v1/orders/a%2Fb?id=q&fields=x,y&filter[state]=open', { body: { id: '1' } })
    backend.script('v1/orders/a%2Fb?id=q&fields=x,y&filter%5Bstate%5D=open', { body: { id: '1' } })
    const result = await call('orders_get', {
      id: 'a/b',
      id_query: 'q',
      fields: ['x', 'y'],
      filter: { state: 'open' },
      'X-Tenant': 'acme',
    })
    expect(backend.calls).toHaveLength(1)
    expect(backend.calls[0]).toMatchObject({ method: 'GET', body: '' })
    const url = new URL(backend.calls[0]?.path ?? '', backend.url)
    expect(url.pathname).toBe('/v1/orders/a%2Fb')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      id: 'q',
      fields: 'x,y',
      'filter[state]': 'open',
    })
    expect(backend.calls[0]?.headers['x-tenant']).toBe('acme')
    expect(result['structuredContent']).toEqual({ id: '1' })
  })

  test('sends the arguments without a parameter as a JSON body', async () => {
    backend.script('v1/orders/7', { body: { id: '7' } })
    await call('orders_update', { id: '7', note: null, replaces: { note: 'old' } })
    expect(backend.calls[0]).toMatchObject({ method: 'PATCH', path: '/v1/orders/7' })
    expect(JSON.parse(backend.calls[0]?.body ?? '')).toEqual({
      note: null,
      replaces: { note: 'old' },
    })
  })

  test('sends a form', async () => {
    backend.script('v1/orders', { status: 204, body: '' })
    const result = await call('orders_create', { note: 'a&b', tags: ['x', 'y'] })
    expect(result['isError']).not.toBe(true)
    expect(backend.calls[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(backend.calls[0]?.body)]).toEqual([
      ['note', 'a&b'],
      ['tags', 'x'],
      ['tags', 'y'],
    ])
  })

  test('sends a file', async () => {
    backend.script('v1/orders/7/receipt', { status: 204, body: '' })
    const receipt = Buffer.from('the file').toString('base64')
    await call('orders_attach', { id: '7', receipt, note: 'n' })
    const [sent] = backend.calls
    const type = String(sent?.headers['content-type'])
    const form = await new Response(sent?.body, { headers: { 'content-type': type } }).formData()
    expect(form.get('note')).toBe('n')
    const file = form.get('receipt')
    expect(file instanceof File && (await file.text())).toBe('the file')
  })

  test('returns a list in an object, without a token if the document requires none', async () => {
    backend.script('v1/orders', { body: [{ id: '1' }, { id: '2', note: null }] })
    const answer = await (await served()).send({
      method: 'POST',
      path: '/mcp',
      headers: { 'content-type': 'application/json' },
      body: handshakeMessage('tools/call', { name: 'orders_list', arguments: {} }),
    })
    expect(answer.json<{ result: Json }>().result['structuredContent']).toEqual({
      result: [{ id: '1' }, { id: '2', note: null }],
    })
  })

  test('requires the scopes of the document', async () => {
    const { status, headers } = await send('orders_update', { id: '7' }, { scope: 'orders:read' })
    expect(status).toBe(403)
    expect(headers['www-authenticate']).toContain('This tool needs: orders:write')
    expect(backend.calls).toEqual([])
  })

  test.each([
    ['an argument that the document does not have', { id: '7', id2: 'x' }],
    ['a property that is read-only', { id: '7', body_id: 'x' }],
    ['a path parameter that would leave its segment', { id: '..' }],
    ['a value of the wrong type', { id: '7', note: 5 }],
  ])('rejects %s', async (_, args) => {
    const result = await call('orders_update', args)
    expect(result['isError'], text(result)).toBe(true)
    expect(backend.calls).toEqual([])
  })
})
