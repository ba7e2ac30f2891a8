import { describe, expect, test } from 'vitest'
import { compileTool } from '../../../../functions/gateway/callable-tool.ts'
import { openApiDocument } from '../../../../functions/gateway/openapi/openapi.ts'
import { parseTools } from '../../../../shared/tools.ts'

describe('the OpenAPI document', () => {
  const catalogue = parseTools(
    {
      TOOLS: JSON.stringify({
        z: {
          title: 'Z',
          description: 'D',
          scopes: ['b', 'a'],
          annotations: { readOnlyHint: true },
        },
        'a.b': { scopes: [], inputSchema: { type: 'object', required: ['x'] } },
        __proto__x: { scopes: ['a'] },
      }),
    },
    compileTool,
  )
  const document = openApiDocument(catalogue, {
    publicUrl: 'https://mcp.test:8443',
    issuer: 'https://tenant.eu.auth0.com/',
    audience: 'https://mcp.test:8443/mcp?a=b&c',
  })

  test('has a path for each tool in the order of the catalogue', () => {
    expect(Object.keys(document.paths)).toEqual(['/tools/z', '/tools/a.b', '/tools/__proto__x'])
    expect(document.servers).toEqual([{ url: 'https://mcp.test:8443' }])
    expect(document.info.title).toBe('Tools at mcp.test:8443')
  })

  test('lists the scopes of all tools once, sorted, with the endpoints of the issuer', () => {
    expect(document.components.securitySchemes.auth0.flows.authorizationCode).toEqual({
      authorizationUrl:
        'https://tenant.eu.auth0.com/authorize?audience=https%3A%2F%2Fmcp.test%3A8443%2Fmcp%3Fa%3Db%26c',
      tokenUrl: 'https://tenant.eu.auth0.com/oauth/token',
      scopes: { a: 'a', b: 'b' },
    })
  })

  test.each([
    ['/tools/z', { security: [{ auth0: ['a', 'b'] }], 'x-openai-isConsequential': false }],
    ['/tools/z', { operationId: 'z', summary: 'Z', description: 'D' }],
    ['/tools/a.b', { security: [], 'x-openai-isConsequential': true, summary: 'a.b' }],
    ['/tools/a.b', { requestBody: { required: true } }],
    ['/tools/__proto__x', { requestBody: { required: false } }],
  ])('describes %s with %j', (path, described) => {
    expect(document.paths[path]?.post).toMatchObject(described)
  })
})
