import { describe, expect, test } from 'vitest'
import { readRequest } from '../../shared/catalogue/request.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { parseCatalogue } from '../../shared/tools.ts'

const inputSchema = { type: 'object', properties: { id: {}, q: {} } }
const faultsOf = (request: unknown, schema: Readonly<Record<string, unknown>> = inputSchema) =>
  readRequest(request, schema).faults
const ID = { name: 'id', in: 'path' }

describe('the request of a tool', () => {
  test('has the defaults of OpenAPI', () => {
    const parameters = [
      ID,
      ...['query', 'header', 'cookie'].map((place) => ({ name: 'q', in: place })),
    ]
    const { request } = readRequest({ url: '/a/{id}', parameters }, inputSchema)
    expect(request?.method).toBe('POST')
    expect(request?.parameters.map(({ style, explode }) => [style, explode])).toEqual([
      ['simple', false],
      ['form', true],
      ['simple', false],
      ['form', true],
    ])
  })

  test('can have null members, and arguments that the schema declares by reference', () => {
    const schema = {
      type: 'object',
      allOf: [{ $ref: '#/$defs/a' }],
      $defs: { a: { properties: { id: {} } } },
    }
    const request = { url: '/{id}', parameters: [ID], body: null, wrap: null }
    expect(faultsOf(request, schema)).toEqual([])
    expect(faultsOf(request, { ...schema, allOf: [] })).not.toEqual([])
    expect(faultsOf(request, { ...schema, $ref: 'https://elsewhere.example/s' })).toEqual([])
  })

  test('is the same in a compiled catalogue', () => {
    const request = { url: '/a/{id}', parameters: [ID], body: { contentType: 'application/json' } }
    const TOOLS = JSON.stringify({ t: { scopes: [], inputSchema, request } })
    const read = (source: string) => parseCatalogue({ TOOLS: source }).get('t')?.request
    expect(read(compileCatalogue({ TOOLS }))).toEqual(read(TOOLS))
  })

  test.each([
    ['text/json', /contentType: must be application\/json or/],
    ['application/xml', /must be application\/json or/],
    ['application/jsonp', /must be application\/json or/],
    ['application/+json', /must be application\/json or/],
    ['application/json\r\nX-A: b', /must be application\/json or/],
    ['application/json; a="\n"', /must be application\/json or/],
    ['application/json; charset=utf-16', /must have no other charset than utf-8/],
    ['application/json-patch+json', /requires argument/],
    ['application/json-patch+json; charset=utf-8', /requires argument/],
  ])('cannot have a body of type %j', (contentType, fault) => {
    expect(faultsOf({ url: '/', body: { contentType } }).join()).toMatch(fault)
  })

  test.each([
    ['/a/%2e%2e/b', 'request: url must not have a segment . or ..'],
    ['../a', 'request: url must not have a segment . or ..'],
    ['/a/..;x/b', 'request: url must not have a segment . or ..'],
    ['/a\\..\\b', 'request: url must not have blanks, controls or backslashes'],
    ['/a b', 'request: url must not have blanks, controls or backslashes'],
    ['/a%zz', 'request: url has a percent sign that does not begin an encoded byte'],
    ['//evil.example/a', 'request: url must be an https URL, or a path below FUNCTIONS_BASE'],
    ['javascript:alert(1)', 'request: url must be an https URL, or a path below FUNCTIONS_BASE'],
    ['http://api.example.com/', 'request: url must be https (http only on loopback)'],
    ['ftp://api.example.com/', 'request: url must be https (http only on loopback)'],
    ['https://user:pass@api.example.com/', 'request: url must not have credentials'],
    ['https://api.example.com/#a', 'request: url must not have a fragment'],
    [
      'https://{id}.example.com/',
      'request: url must have a constant host: no {name} before the path',
    ],
    [
      'https://api.example.com:{id}/',
      'request: url must have a constant host: no {name} before the path',
    ],
    ['/a?q={q}', 'request: url must not have parameters in its query: use in: query'],
    ['/a/{id', 'request: url has a brace outside of a {name}'],
    ['/a/{}', 'request: url has {} without a name'],
    ['/a/{q}', 'request: url has {q}, but parameters has no path parameter of this name'],
  ])('cannot have the URL %s', (url, fault) => {
    expect(faultsOf({ url })).toEqual([fault])
  })

  test.each([
    ['http://localhost:8080/a'],
    ['https://api.example.com'],
    ['https://api.example.com/a?v=1'],
    ['a/b'],
    ['/v1:call'],
    ["/Users('ä')"],
  ])('can have the URL %s', (url) => {
    expect(faultsOf({ url })).toEqual([])
  })

  test.each([
    ...['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Authorization', 'Cookie'],
    ...['X-Request-Id', 'X-User-Uid', 'X-Gateway-Sig', 'X-Gateway-Assertion', 'X-Forwarded-For'],
    ...['TE', 'Upgrade', 'Keep-Alive', 'Proxy-Authorization', 'traceparent', 'Content-Type'],
  ])('cannot have the header field %s', (name) => {
    const fault = `request: header field "${name}" is set by the gateway or the connection: remove it`
    expect(faultsOf({ url: '/', headers: { [name]: 'x' } })).toEqual([fault])
    const parameters = [{ name, in: 'header', argument: 'q' }]
    expect(faultsOf({ url: '/', parameters })).toEqual([fault])
  })

  test.each<[string, object, string]>([
    ['an unknown member', { query: {} }, 'request: Unrecognized key: "query"'],
    [
      'an unknown argument',
      { parameters: [{ name: 'x', in: 'query' }] },
      'request: argument "x" is not in the properties of inputSchema',
    ],
    [
      'a body that is an unknown argument',
      { body: { contentType: 'application/json', argument: 'x' } },
      'request: argument "x" is not in the properties of inputSchema',
    ],
    [
      'a duplicate parameter',
      { parameters: [1, 2].map(() => ({ name: 'q', in: 'query' })) },
      'request: parameter "q" occurs twice in query',
    ],
    [
      'a path parameter that is not in the URL',
      { parameters: [ID] },
      'request: parameter "id" is in path, but url does not have {id}',
    ],
    [
      'a style of another location',
      { parameters: [{ name: 'q', in: 'query', style: 'matrix' }] },
      'request.parameters.0: style must be form, spaceDelimited, pipeDelimited, deepObject for a parameter in query',
    ],
    [
      'a header field with a line break',
      { headers: { A: 'b\r\nC: d' } },
      'request: header field "A": the value must be printable ASCII on one line',
    ],
    [
      'an invalid name of a header field',
      { headers: { 'A B': 'c' } },
      'request: header field "A B": not a field name (RFC 9110 s5.1)',
    ],
    [
      'an invalid JSON Pointer',
      { resultPointer: 'data' },
      'request.resultPointer: must be a JSON Pointer (RFC 6901) such as /data/items',
    ],
    [
      'files in a JSON body',
      { body: { contentType: 'application/json', files: ['q'] } },
      'request.body: files need contentType multipart/form-data',
    ],
  ])('cannot have %s', (_, more, fault) => {
    expect(faultsOf({ url: '/', ...more })).toEqual([fault])
  })

  test('stops the start with the name of the tool if it is invalid', () => {
    const TOOLS = JSON.stringify({ t: { scopes: [], request: { url: 'http://x.example/' } } })
    expect(() => parseCatalogue({ TOOLS })).toThrow('TOOLS: tool "t": request: url must be https')
  })
})
