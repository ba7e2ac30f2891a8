import { describe, expect, test } from 'vitest'
import { imported } from './run.ts'

const securitySchemes = {
  oauth: { type: 'oauth2', flows: {} },
  key: { type: 'apiKey', in: 'header', name: 'X-Key' },
  open: { type: 'openIdConnect', openIdConnectUrl: 'https://example.com' },
  bearer: { type: 'http', scheme: 'bearer' },
}
const api = (security: unknown, ofDocument?: unknown) => ({
  openapi: '3.1.0',
  servers: [{ url: 'https://api.example.com' }],
  ...(ofDocument !== undefined && { security: ofDocument }),
  components: { securitySchemes },
  paths: {
    '/x': { get: { operationId: 'x', responses: {}, ...(security !== undefined && { security }) } },
  },
})
const signedIn = { securitySchemes: [{ type: 'oauth2', scopes: [] }] }

describe('who may call a tool', () => {
  test.each([
    ['scopes of oauth2', [{ oauth: ['write', 'read'] }], undefined, { scopes: ['read', 'write'] }],
    ['scopes of openIdConnect', [{ open: ['read'] }], undefined, { scopes: ['read'] }],
    ["the document's default", undefined, [{ oauth: ['read'] }], { scopes: ['read'] }],
    ['an operation counts more', [{ oauth: ['own'] }], [{ oauth: ['all'] }], { scopes: ['own'] }],
    ['[] is public', [], [{ oauth: ['all'] }], { scopes: [] }],
    ['{} alone is public', [{}], [{ oauth: ['all'] }], { scopes: [] }],
    [
      '{} beside a scheme is optional',
      [{}, { oauth: ['read'] }],
      undefined,
      { securitySchemes: [{ type: 'noauth' }, { type: 'oauth2', scopes: ['read'] }] },
    ],
    ['a key has no scopes', [{ key: [] }], undefined, signedIn],
    ['roles of other schemes are no scopes', [{ bearer: ['admin'] }], undefined, signedIn],
    [
      'all schemes of one alternative',
      [{ oauth: ['a'], open: ['b'] }],
      undefined,
      { scopes: ['a', 'b'] },
    ],
    [
      'the first with scopes',
      [{ key: [] }, { oauth: ['a'] }, { oauth: ['b'] }],
      undefined,
      { scopes: ['a'] },
    ],
  ])('%s', async (_, security, ofDocument, expected) => {
    const { catalogue } = await imported(api(security, ofDocument), '--public')
    expect(catalogue?.tools['x']).toMatchObject(expected)
    const written = Object.keys(catalogue?.tools['x'] ?? {})
    const members = written.filter((name) => /^(scopes|securitySchemes)$/.test(name))
    expect(members).toEqual(Object.keys(expected))
  })

  test('a note says which alternative counts', async () => {
    const { tools } = await imported(api([{ oauth: ['a'] }, { oauth: ['b'] }]))
    expect(tools[0]?.notes).toEqual([
      'security has 2 alternatives with different scopes; using oauth',
    ])
  })

  test.each([
    [['--public'], { scopes: [] }],
    [['--default-scopes', 'b,a c'], { scopes: ['a', 'b', 'c'] }],
    [['--signed-in'], signedIn],
  ])('%s counts where the document says nothing', async (args, expected) => {
    const { catalogue } = await imported(api(undefined), ...args)
    expect(catalogue?.tools['x']).toMatchObject(expected)
  })
})

describe('hints follow the method', () => {
  test.each([
    ['get', true, false, true],
    ['post', false, false, false],
    ['put', false, true, true],
    ['patch', false, true, false],
    ['delete', false, true, true],
  ])('%s', async (method, readOnlyHint, destructiveHint, idempotentHint) => {
    const paths = { '/x': { [method]: { operationId: 'x', responses: {} } } }
    const { catalogue } = await imported({ ...api(undefined), paths })
    expect(catalogue?.tools['x']?.annotations).toEqual({
      readOnlyHint,
      destructiveHint,
      idempotentHint,
      openWorldHint: false,
    })
  })
})
