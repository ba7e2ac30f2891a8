import { createHash } from 'node:crypto'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { getToolUiResourceUri, RESOURCE_MIME_TYPE } from '@modelcontextprotocol/ext-apps/app-bridge'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { catalogueFolder } from '../../support/catalogue-folder.ts'
import { gatewayStack } from '../../support/gateway/stack.ts'
import { handshakeMessage, statelessRequest } from '../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const UI = 'ui://events/list.html'
const HTML = '<!doctype html><title>Events</title><p>…</p>'
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex')
const META = {
  ui: {
    csp: {
      connectDomains: ['https://api.example.com'],
      resourceDomains: ['https://*.example.com'],
    },
    permissions: { geolocation: {} },
    domain: 'https://events.example.com',
    prefersBorder: true,
  },
  'openai/widgetDescription': 'The events.',
}
const SKILL = '---\nname: find-events\ndescription: Finds events.\nlicense: MIT\n---\n# Find\n'
const CATALOGUE = {
  server: {
    name: 'events',
    title: 'Events',
    version: '2.1.0',
    instructions: 'Use listEvents first.',
    websiteUrl: 'https://events.example.com/',
    icons: [{ src: 'https://events.example.com/icon.png', sizes: ['48x48'] }],
    documentation: 'https://events.example.com/docs',
  },
  tools: {
    listEvents: { scopes: ['events:read'], _meta: { 'openai/outputTemplate': UI } },
    about: { scopes: [] },
  },
  resources: {
    [UI]: { name: 'events-list', title: 'Events', file: 'ui/list.html', _meta: META, scopes: [] },
    'docs://guide': { name: 'guide', text: 'Read me.', scopes: ['docs:read'] },
    'file:///logo.png': { file: 'logo.png', securitySchemes: [{ type: 'oauth2' }] },
    'data://report': { name: 'report', request: { url: '/reports/latest' }, scopes: ['docs:read'] },
  },
  skills: ['skills'],
}
const FILES = {
  'ui/list.html': HTML,
  'logo.png': PNG,
  'skills/find-events/SKILL.md': SKILL,
  'skills/find-events/references/a b.md': '# More\n',
  'skills/find-events/.hidden': 'x',
}

const { issuer, backend, start, startForFile } = await gatewayStack()
const folder = catalogueFolder(CATALOGUE, FILES)
const served = await startForFile({ TOOLS: '', TOOLS_FILE: folder.file })

afterAll(() => folder[Symbol.dispose]())

async function ask(method: string, params: Json = {}, claims?: Json | null, era = 'stateless') {
  const { headers, body } = statelessRequest(method, params)
  const token = claims === null ? undefined : await issuer.token(claims)
  const type = { 'content-type': 'application/json' }
  return served.send({
    method: 'POST',
    path: '/mcp',
    headers: {
      ...(era === 'stateless' ? headers : type),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: era === 'stateless' ? body : handshakeMessage(method, params),
  })
}

async function resultOf(...args: Parameters<typeof ask>): Promise<Json> {
  return (await ask(...args)).json<{ result: Json }>().result
}

const DOCS = { scope: 'docs:read' }

describe('the official SDK clients', () => {
  const EXTENSIONS = { extensions: { 'io.modelcontextprotocol/skills': {} } }

  test.each([{ mode: { pin: '2026-07-28' } }, { mode: 'legacy' }] as const)(
    'client 2.x with mode $mode finds the UI of a tool and reads text and binary resources',
    async (negotiation) => {
      const client = new Client({ name: 't', version: '1' }, { versionNegotiation: negotiation })
      const requestInit = { headers: { authorization: `Bearer ${await issuer.token(DOCS)}` } }
      const url = new URL(`${served.url}/mcp`)
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))

      expect(client.getServerCapabilities()).toEqual({ tools: {}, resources: {}, ...EXTENSIONS })
      expect(client.getServerVersion()).toEqual({
        name: 'events',
        title: 'Events',
        version: '2.1.0',
        websiteUrl: 'https://events.example.com/',
        icons: CATALOGUE.server.icons,
      })
      expect(client.getInstructions()).toBe('Use listEvents first.')
      const { tools } = await client.listTools()
      expect(tools.map((tool) => getToolUiResourceUri(tool))).toEqual([UI, undefined])
      const { resources } = await client.listResources()
      expect(resources.map(({ uri }) => uri)).toEqual([
        ...Object.keys(CATALOGUE.resources),
        'skill://find-events/SKILL.md',
      ])
      expect(resources[0]).toMatchObject({ mimeType: RESOURCE_MIME_TYPE, _meta: META })
      expect((await client.listResourceTemplates()).resourceTemplates).toEqual([])
      const { contents } = await client.readResource({ uri: UI })
      expect(contents).toEqual([{ uri: UI, mimeType: RESOURCE_MIME_TYPE, text: HTML, _meta: META }])
      expect((await client.readResource({ uri: 'file:///logo.png' })).contents).toEqual([
        { uri: 'file:///logo.png', mimeType: 'image/png', blob: PNG.toString('base64') },
      ])
      await client.close()
    },
  )

  test('client 1.x lists and reads resources', async () => {
    const client = new OlderClient({ name: 't', version: '1' })
    const requestInit = { headers: { authorization: `Bearer ${await issuer.token(DOCS)}` } }
    const transport = new OlderTransport(new URL(`${served.url}/mcp`), { requestInit })
    await client.connect(transport as Transport)

    expect(client.getInstructions()).toBe('Use listEvents first.')
    expect((await client.listResources()).resources).toHaveLength(5)
    expect(await client.readResource({ uri: 'docs://guide' })).toEqual({
      contents: [{ uri: 'docs://guide', mimeType: 'text/plain', text: 'Read me.' }],
    })
    await client.close()
  })
})

describe('resources', () => {
  test('tools/list names the UI of a tool in all three _meta keys', async () => {
    const { tools } = (await resultOf('tools/list')) as { tools: { _meta: Json }[] }
    expect(tools[0]?._meta).toMatchObject({
      ui: { resourceUri: UI },
      'ui/resourceUri': UI,
      'openai/outputTemplate': UI,
    })
  })

  test.each([
    [UI, null, { ttlMs: 300_000, cacheScope: 'public' }],
    ['docs://guide', DOCS, { ttlMs: 300_000, cacheScope: 'private' }],
    ['data://report', DOCS, { ttlMs: 0, cacheScope: 'private' }],
  ])('a read of %s in revision 2026-07-28 has ttlMs and cacheScope', async (uri, claims, hint) => {
    expect(await resultOf('resources/read', { uri }, claims)).toMatchObject({
      resultType: 'complete',
      ...hint,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'events', version: '2.1.0' } },
    })
  })

  test.each(['resources/list', 'resources/templates/list', 'skills/list'])(
    '%s has ttlMs and cacheScope in revision 2026-07-28 only, and rejects a cursor',
    async (method) => {
      expect(await resultOf(method)).toMatchObject({ ttlMs: 300_000, cacheScope: 'public' })
      const older = await resultOf(method, {}, undefined, 'handshake')
      expect(Object.keys(older)).toHaveLength(1)
      expect((await ask(method, { cursor: 'x' })).json()).toMatchObject({ error: { code: -32602 } })
    },
  )

  test.each([
    ['stateless', -32602],
    ['handshake', -32002],
  ])('a read of an unknown URI in the %s era returns error %i', async (era, code) => {
    for (const uri of ['ui://events/other.html', 'constructor', '__proto__']) {
      const answer = await ask('resources/read', { uri }, {}, era)
      expect(answer.json()).toMatchObject({ error: { code, data: { uri } } })
      expect(answer.status).toBe(200)
    }
    expect((await ask('resources/read', { uri: 7 }, {}, era)).json()).toMatchObject({
      error: { code: -32602 },
    })
  })

  test('a read returns 400 if Mcp-Name is missing or is not the URI', async () => {
    const { headers, body } = statelessRequest('resources/read', { uri: UI })
    for (const name of [undefined, 'docs://guide']) {
      const { 'mcp-name': _, ...others } = headers
      const sent = { ...others, ...(name && { 'mcp-name': name }) }
      const answer = await served.send({ method: 'POST', path: '/mcp', headers: sent, body })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ error: { code: -32020 } })
    }
  })
})

describe('access to resources', () => {
  test.each(['stateless', 'handshake'])(
    'is refused with 401 without a token and 403 without the scope in the %s era',
    async (era) => {
      const nobody = await ask('resources/read', { uri: 'docs://guide' }, null, era)
      expect(nobody.status).toBe(401)
      expect(nobody.headers['www-authenticate']).not.toContain('error=')

      const other = await ask(
        'resources/read',
        { uri: 'docs://guide' },
        { scope: 'events:read' },
        era,
      )
      expect(other.status).toBe(403)
      expect(other.headers['www-authenticate']).toContain('scope="docs:read events:read"')
      expect(other.headers['www-authenticate']).toContain('error="insufficient_scope"')

      const noScope = await ask('resources/read', { uri: 'file:///logo.png' }, { scope: '' }, era)
      expect(noScope.json()).toHaveProperty('result.contents')
    },
  )

  test('is written to the audit log with the decision and the resource', async () => {
    served.lines.length = 0
    await ask('resources/read', { uri: 'docs://guide' }, DOCS)
    await ask('resources/read', { uri: 'docs://guide' }, null)

    expect(served.lines.filter(({ message }) => message === 'resource_read')).toMatchObject([
      { resource: 'docs://guide', decision: 'allowed', subject: expect.any(String) },
      { resource: 'docs://guide', decision: 'denied', reason: 'no_credentials' },
    ])
  })

  test('adds the scopes of resources to the challenge of a 401', async () => {
    const answer = await ask('resources/read', { uri: 'docs://guide' }, null)
    expect(answer.headers['www-authenticate']).toContain('scope="docs:read events:read"')
  })
})

describe('a resource from a backend', () => {
  const uri = 'data://report'
  const path = 'reports/latest'

  test("is requested with the gateway's assertion and without the user's token", async () => {
    backend.script(path, { contentType: 'text/csv; charset=utf-8', body: 'a,b\n1,2\n' })
    const { contents } = await resultOf('resources/read', { uri }, DOCS)

    expect(contents).toEqual([{ uri, mimeType: 'text/csv', text: 'a,b\n1,2\n' }])
    expect(backend.calls).toMatchObject([
      { method: 'POST', path: `/${path}`, body: `{"uri":"${uri}"}` },
    ])
    expect(backend.calls[0]?.headers).toHaveProperty('x-gateway-assertion')
    expect(backend.calls[0]?.headers).not.toHaveProperty('authorization')
  })

  test('is returned as a blob if its content type is binary', async () => {
    backend.script(path, { contentType: 'image/png', body: PNG })
    const { contents } = await resultOf('resources/read', { uri }, DOCS)
    expect(contents).toEqual([{ uri, mimeType: 'image/png', blob: PNG.toString('base64') }])
  })

  test.each([
    [{ status: 404 }, 'stateless', -32602],
    [{ status: 404 }, 'handshake', -32002],
    [{ status: 500, body: 'secret' }, 'stateless', -32603],
    [{ status: 302, headers: { location: '/x' } }, 'stateless', -32603],
    [{ manner: 'reset' }, 'handshake', -32603],
    [{ contentType: 'text/plain', body: PNG }, 'stateless', -32603],
  ] as const)('that responds with %j in the %s era returns error %i', async (script, era, code) => {
    backend.script(path, script)
    const answer = await ask('resources/read', { uri }, DOCS, era)
    expect(answer.json()).toMatchObject({ error: { code } })
    expect(answer.text).not.toContain('secret')
    expect(served.lines.findLast(({ message }) => message === 'resource_answered')).toMatchObject({
      resource: uri,
    })
  })

  test('does not affect the other requests of a batch when it fails', async () => {
    backend.script(path, { status: 500 })
    const answer = await served.send({
      method: 'POST',
      path: '/mcp',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await issuer.token(DOCS)}`,
      },
      body: [
        handshakeMessage('resources/read', { uri }),
        { ...handshakeMessage('resources/read', { uri: UI }), id: 2 },
      ],
    })
    expect(answer.json()).toMatchObject([
      { id: 1, error: { code: -32603 } },
      { id: 2, result: { contents: [{ text: HTML }] } },
    ])
  })
})

describe('skills', () => {
  const uri = 'skill://find-events/SKILL.md'
  const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
  const skill = {
    uri,
    frontmatter: { name: 'find-events', description: 'Finds events.', license: 'MIT' },
    resources: [
      { uri, digest: digest(SKILL), size: SKILL.length },
      { uri: 'skill://find-events/references/a%20b.md', digest: digest('# More\n'), size: 7 },
    ],
  }

  test.each(['stateless', 'handshake'])(
    'are returned by skills/list and skills/get in the %s era',
    async (era) => {
      expect(await resultOf('skills/list', {}, {}, era)).toMatchObject({ skills: [skill] })
      expect(await resultOf('skills/get', { uri }, {}, era)).toMatchObject({ skill })
      expect(
        (await ask('skills/get', { uri: 'skill://x/SKILL.md' }, {}, era)).json(),
      ).toMatchObject({
        error: { code: -32602 },
      })
    },
  )

  test('have files that can be read with a token only', async () => {
    const file = 'skill://find-events/references/a%20b.md'
    expect(await resultOf('resources/read', { uri: file })).toMatchObject({
      contents: [{ uri: file, mimeType: 'text/markdown', text: '# More\n' }],
    })
    expect((await ask('resources/read', { uri: file }, null)).status).toBe(401)
  })
})

test('a catalogue without resources has no resources capability, and resources/list returns 404', async () => {
  const plain = await start()
  const discover = statelessRequest('server/discover')
  const answer = await plain.send({ method: 'POST', path: '/mcp', ...discover })
  expect(answer.json()).toMatchObject({ result: { capabilities: { tools: {} } } })
  expect(answer.text).not.toContain('resources')
  const list = statelessRequest('resources/list')
  expect((await plain.send({ method: 'POST', path: '/mcp', ...list })).status).toBe(404)
})

test('a long request to read a resource does not delay other long requests', async () => {
  const _meta = { padding: 'x'.repeat(20_000) }
  const { promise: after, resolve } = Promise.withResolvers<void>()
  backend.script('reports/latest', { contentType: 'text/plain', body: 'Report', after })
  const reading = ask('resources/read', { uri: 'data://report', _meta }, DOCS, 'handshake')
  await vi.waitFor(() => expect(backend.calls).toHaveLength(1), { timeout: 120_000 })
  const call = { name: 'about', arguments: {}, _meta }
  const answer = await ask('tools/call', call, DOCS, 'handshake')
  expect(answer.json()).toMatchObject({ result: { content: [{ type: 'text', text: '{}' }] } })
  resolve()
  expect((await reading).json()).toMatchObject({ result: { contents: [{ text: 'Report' }] } })
})
