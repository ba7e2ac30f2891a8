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

describe('the access of an imported tool', () => {
  test.each([
    [
      'has the scopes of oauth2',
      [{ oauth: ['write', 'read'] }],
      undefined,
      { scopes: ['read', 'write'] },
    ],
    ['has the scopes of openIdConnect', [{ open: ['read'] }], undefined, { scopes: ['read'] }],
    [
      'follows the document if the operation has no security',
      undefined,
      [{ oauth: ['read'] }],
      { scopes: ['read'] },
    ],
    [
      'follows the operation rather than the document',
      [{ oauth: ['own'] }],
      [{ oauth: ['all'] }],
      { scopes: ['own'] },
    ],
    ['is public for []', [], [{ oauth: ['all'] }], { scopes: [] }],
    ['is public for {} alone', [{}], [{ oauth: ['all'] }], { scopes: [] }],
    [
      'is optional for {} and a scheme',
      [{}, { oauth: ['read'] }],
      undefined,
      { securitySchemes: [{ type: 'noauth' }, { type: 'oauth2', scopes: ['read'] }] },
    ],
    ['has no scopes for an API key', [{ key: [] }], undefined, signedIn],
    ['has no scopes for roles of other schemes', [{ bearer: ['admin'] }], undefined, signedIn],
    [
      'has the scopes of all schemes of an alternative',
      [{ oauth: ['a'], open: ['b'] }],
      undefined,
      { scopes: ['a', 'b'] },
    ],
    [
      'has the scopes of the first alternative with scopes',
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

  test('is explained in a note if alternatives have different scopes', async () => {
    const { tools } = await imported(api([{ oauth: ['a'] }, { oauth: ['b'] }]))
    expect(tools[0]?.notes).toEqual([
      'security has 2 alternatives with different scopes; using oauth',
    ])
  })

  test.each([
    [['--public'], { scopes: [] }],
    [['--default-scopes', 'b,a c'], { scopes: ['a', 'b', 'c'] }],
    [['--signed-in'], signedIn],
  ])('follows %s if the document has no security', async (args, expected) => {
    const { catalogue } = await imported(api(undefined), ...args)
    expect(catalogue?.tools['x']).toMatchObject(expected)
  })
})

describe('the hints of an imported tool', () => {
  test.each([
    ['get', true, false, true],
    ['post', false, false, false],
    ['put', false, true, true],
    ['patch', false, true, false],
    ['delete', false, true, true],
  ])('follow from the method %s', async (method, readOnlyHint, destructiveHint, idempotentHint) => {
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

describe('the credentials that a document requires', () => {
  const key = 'an API key (header X-Key)'
  test.each([
    ['an API key', [{ key: [] }], key],
    [
      'HTTP credentials as an alternative',
      [{ key: [] }, { bearer: [] }],
      `${key} or HTTP bearer credentials`,
    ],
    ['an API key beside OAuth', [{ key: [], oauth: ['read'] }], key],
  ])('%s are in a warning', async (_name, security, named) => {
    const { warnings } = await imported(api(undefined, security))
    expect(warnings).toEqual([
      `the API requires ${named}, which only backendAuth sends: set it in defaults of the catalogue, unless it is set (docs/openapi.md#credentials-for-the-api)`,
    ])
  })

  test.each([
    ['OAuth', [{ oauth: ['read'] }]],
    ['OAuth as an alternative to an API key', [{ key: [] }, { oauth: ['read'] }]],
    ['no credentials as an alternative to an API key', [{ key: [] }, {}]],
    ['no credentials', []],
  ])('%s cause no warning', async (_name, security) => {
    expect((await imported(api(undefined, security))).warnings).toEqual([])
  })
})
