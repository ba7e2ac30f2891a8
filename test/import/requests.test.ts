import { describe, expect, test } from 'vitest'
import { imported, onlyTool, sending } from './run.ts'

const string = { type: 'string' }
const parameter = (name: string, location: string, more: object = {}) => ({
  name,
  in: location,
  schema: string,
  ...more,
})

describe('parameters', () => {
  test('of the operation take precedence over those of the path', async () => {
    const report = await imported({
      openapi: '3.1.0',
      servers: [{ url: 'https://api.example.com/v1/' }],
      paths: {
        '/things/{id}': {
          parameters: [
            parameter('id', 'path'),
            parameter('size', 'query', { description: 'Old.' }),
          ],
          get: { parameters: [parameter('size', 'query', { required: true })], responses: {} },
        },
      },
    })
    const tool = report.catalogue?.tools['get_things_id']
    expect(tool?.request).toEqual({
      method: 'GET',
      url: 'https://api.example.com/v1/things/{id}',
      parameters: [
        { name: 'id', in: 'path' },
        { name: 'size', in: 'query' },
      ],
    })
    expect(tool?.inputSchema).toEqual({
      type: 'object',
      properties: { id: string, size: string },
      required: ['id', 'size'],
      additionalProperties: false,
    })
  })

  test('of the same name in several locations and in the body get different argument names', async () => {
    const { inputSchema, request } = await onlyTool(
      {
        parameters: [
          parameter('id', 'header', { schema: { type: 'integer' } }),
          parameter('id', 'query', { required: true }),
          parameter('id', 'path', { required: true }),
        ],
        ...sending({ type: 'object', properties: { id: { type: 'boolean' }, name: string } }),
      },
      { method: 'put', path: '/things/{id}' },
    )
    expect(inputSchema['properties']).toEqual({
      id: string,
      id_query: string,
      id_header: { type: 'integer' },
      body_id: { type: 'boolean' },
      name: string,
    })
    expect(inputSchema['required']).toEqual(['id', 'id_query'])
    expect(request['parameters']).toEqual([
      { name: 'id', in: 'header', argument: 'id_header' },
      { name: 'id', in: 'query', argument: 'id_query' },
      { name: 'id', in: 'path' },
    ])
    expect(request['body']).toEqual({
      contentType: 'application/json',
      properties: [{ name: 'id', argument: 'body_id' }, 'name'],
    })
  })

  test('get other argument names if clients refuse their names', async () => {
    const { inputSchema, request } = await onlyTool({
      parameters: [parameter('filter[status]', 'query'), parameter('$top', 'query')],
    })
    expect(Object.keys(Object(inputSchema['properties']))).toEqual(['filter_status', 'top'])
    expect(request['parameters']).toEqual([
      { name: 'filter[status]', in: 'query', argument: 'filter_status' },
      { name: '$top', in: 'query', argument: 'top' },
    ])
  })

  test('have words for the operators in their names, and the name that is sent', async () => {
    const date = { type: 'string', format: 'date' }
    const names = [
      'Sent',
      'Sent<',
      'Sent>',
      'Sent<=',
      'Sent>=',
      'Size<',
      'Size>=',
      'Size!=',
      'a[b]',
    ]
    const { inputSchema, request } = await onlyTool({
      parameters: names.map((name) =>
        parameter(name, 'query', {
          schema: name.startsWith('Sent') ? date : string,
          ...(name === 'Sent<' && { description: 'The date' }),
        }),
      ),
    })
    expect(Object.entries(Object(inputSchema['properties']))).toEqual([
      ['Sent', date],
      ['Sent_before', { ...date, description: 'The date. Sent as "Sent<".' }],
      ['Sent_after', { ...date, description: 'Sent as "Sent>".' }],
      ['Sent_on_or_before', { ...date, description: 'Sent as "Sent<=".' }],
      ['Sent_on_or_after', { ...date, description: 'Sent as "Sent>=".' }],
      ['Size_lt', { ...string, description: 'Sent as "Size<".' }],
      ['Size_gte', { ...string, description: 'Sent as "Size>=".' }],
      ['Size_not', { ...string, description: 'Sent as "Size!=".' }],
      ['a_b', { ...string, description: 'Sent as "a[b]".' }],
    ])
    expect(request['parameters']).toContainEqual({
      name: 'Sent<',
      in: 'query',
      argument: 'Sent_before',
    })
  })

  describe('that are the access token', () => {
    const oauth = { type: 'oauth2', flows: {} }
    const text = 'Authentication token. Requires scope: `chat:write`'
    const argumentsOf = async (
      value: Readonly<Record<string, unknown>>,
      {
        scheme = oauth,
        path = '/things',
      }: { readonly scheme?: object; readonly path?: string } = {},
    ) => {
      const { inputSchema } = await onlyTool(
        { parameters: [{ schema: string, ...value }], security: [{ main: [] }] },
        { path, components: { securitySchemes: { main: scheme } } },
      )
      return Object.keys(Object(inputSchema['properties']))
    }

    test.each([
      [{ name: 'token', in: 'header', required: true, description: text }],
      [{ name: 'token', in: 'query', description: 'The OAuth access token' }],
      [{ name: 'access_token', in: 'query' }],
    ])('are not arguments: %j', async (value) => {
      expect(await argumentsOf(value)).toEqual([])
      expect(await argumentsOf(value, { scheme: { type: 'http', scheme: 'bearer' } })).toEqual([])
      const basic = { type: 'http', scheme: 'basic' }
      expect(await argumentsOf(value, { scheme: basic })).toEqual([value.name])
    })

    test.each([
      [{ name: 'token', in: 'query' }, {}],
      [{ name: 'token', in: 'query', description: 'Access token to inspect' }, {}],
      [{ name: 'token', in: 'query', description: 'The page token.' }, {}],
      [{ name: 'page_token', in: 'query', description: text }, {}],
      [{ name: 'access_token', in: 'query' }, { path: '/oauth/revoke' }],
      [{ name: 'access_token', in: 'query', description: 'The token of another user.' }, {}],
    ])('are arguments if that is not certain: %j %j', async (value, options) => {
      expect(await argumentsOf(value, options)).toEqual([value.name])
    })

    test('are not sent in a body', async () => {
      const properties = { token: { type: 'string', description: text }, a: string }
      const body = sending({ type: 'object', properties, required: ['token'] })
      const { inputSchema } = await onlyTool(
        { ...body, security: [{ main: [] }] },
        { method: 'post', components: { securitySchemes: { main: oauth } } },
      )
      expect(inputSchema).toEqual({
        type: 'object',
        properties: { a: string },
        additionalProperties: false,
      })
    })
  })

  test('of a path do not include its fragment, which is not sent', async () => {
    const operation = { operationId: 'update-x_link', responses: {} }
    const report = await imported({
      openapi: '3.1.0',
      servers: [{ url: 'https://api.example.com' }],
      paths: {
        '/x/{id}#link{b}': {
          parameters: [parameter('id', 'path', { required: true })],
          put: operation,
        },
      },
    })
    expect(report.catalogue?.tools['update-x_link']).toMatchObject({
      inputSchema: { required: ['id'] },
      request: { method: 'PUT', url: 'https://api.example.com/x/{id}' },
    })
  })

  test('have a style only if it is not the default', async () => {
    const list = { type: 'array', items: string }
    const { request } = await onlyTool({
      parameters: [
        parameter('a', 'query', { schema: list, style: 'form', explode: true }),
        parameter('b', 'query', { schema: list, explode: false }),
        parameter('c', 'query', { schema: list, style: 'pipeDelimited', allowReserved: true }),
        parameter('d', 'query', { schema: { type: 'object' }, style: 'deepObject', explode: true }),
        { name: 'e', in: 'query', content: { 'application/json': { schema: { type: 'object' } } } },
      ],
    })
    expect(request['parameters']).toEqual([
      { name: 'a', in: 'query' },
      { name: 'b', in: 'query', explode: false },
      { name: 'c', in: 'query', style: 'pipeDelimited', allowReserved: true },
      { name: 'd', in: 'query', style: 'deepObject', explode: true },
      { name: 'e', in: 'query', content: { 'application/json': {} } },
    ])
  })

  test('do not include reserved header fields and optional cookies', async () => {
    const names = ['Accept', 'content-type', 'Authorization', 'X-Request-Id', 'X-Own']
    const { inputSchema, request } = await onlyTool({
      parameters: [
        ...names.map((name) => parameter(name, 'header')),
        parameter('optional', 'cookie'),
        parameter('session', 'cookie', { required: true }),
      ],
    })
    expect(Object.keys(Object(inputSchema['properties']))).toEqual(['X-Own', 'session'])
    expect(request['parameters']).toHaveLength(2)
  })

  test.each(['body', 'formData'])('in %s, as in OpenAPI 2.0, omit the operation', async (place) => {
    const operation = { parameters: [parameter('a', place)] }
    await expect(onlyTool(operation, { method: 'post' })).rejects.toThrow(
      `parameters in ${place} are not supported`,
    )
  })

  test('must declare every name in the path, otherwise the operation is omitted', async () => {
    await expect(onlyTool({}, { path: '/things/{id}' })).rejects.toThrow('{id}')
  })
})

describe('the request body', () => {
  const method = 'post'

  test.each([
    ['a list', { type: 'array', items: string }],
    ['an object with any members', { type: 'object', additionalProperties: string }],
    ['a list of alternatives', { oneOf: [{ type: 'object' }, string] }],
  ])('is one argument if its schema is %s', async (_, schema) => {
    const { inputSchema, request } = await onlyTool(sending(schema), { method })
    expect(inputSchema['required']).toEqual(['body'])
    expect(request['body']).toEqual({ contentType: 'application/json', argument: 'body' })
  })

  test('is flattened if its schema is allOf with objects', async () => {
    const part = (name: string) => ({ type: 'object', properties: { [name]: string } })
    const schema = { allOf: [part('a'), part('b'), { required: ['b'] }] }
    const { inputSchema } = await onlyTool(sending(schema), { method })
    expect(inputSchema).toMatchObject({ properties: { a: string, b: string }, required: ['b'] })
  })

  test('of a form has its properties with their styles', async () => {
    const media = {
      schema: { type: 'object', properties: { a: string, tags: { type: 'array', items: string } } },
      encoding: { tags: { style: 'spaceDelimited', explode: false } },
    }
    const content = { 'application/x-www-form-urlencoded': media }
    const { request } = await onlyTool({ requestBody: { content } }, { method })
    expect(request['body']).toEqual({
      contentType: 'application/x-www-form-urlencoded',
      properties: ['a', { name: 'tags', style: 'spaceDelimited', explode: false }],
    })
  })

  test('of type multipart/form-data has base64 strings for files', async () => {
    const file = { type: 'string', format: 'binary' }
    const schema = {
      type: 'object',
      required: ['photo'],
      properties: { photo: file, pages: { type: 'array', items: file }, caption: string },
    }
    const { inputSchema, request } = await onlyTool(sending(schema, 'multipart/form-data'), {
      method,
      version: '3.0.3',
    })
    expect(request['body']).toEqual({
      contentType: 'multipart/form-data',
      files: ['photo', 'pages'],
    })
    expect(inputSchema).toMatchObject({
      properties: {
        photo: { type: 'string', contentEncoding: 'base64' },
        pages: { type: 'array', items: { type: 'string', contentEncoding: 'base64' } },
        caption: string,
      },
    })
  })

  test.each([
    [['application/merge-patch+json'], 'application/merge-patch+json'],
    [
      ['application/vnd.acme.v2+json; charset=utf-8'],
      'application/vnd.acme.v2+json; charset=utf-8',
    ],
    [['application/json;charset=UTF-8'], 'application/json;charset=UTF-8'],
    [['application/json; charset=latin1'], 'application/json'],
    [['application/merge-patch+json', 'application/json'], 'application/json'],
    [
      ['application/json-patch+json', 'application/merge-patch+json'],
      'application/merge-patch+json',
    ],
    [['text/json'], 'application/json'],
    [['*/*'], 'application/json'],
  ])('declared as %j has the type %s', async (types, contentType) => {
    const media = { schema: { type: 'object', properties: { a: string } } }
    const content = Object.fromEntries(types.map((type) => [type, media]))
    const { inputSchema, request } = await onlyTool({ requestBody: { content } }, { method })
    expect(request['body']).toEqual({ contentType })
    expect(inputSchema).toMatchObject({ properties: { a: string } })
  })

  test.each([
    ['a list', { type: 'array', items: { type: 'object' } }],
    ['an object', { type: 'object', properties: { op: string } }],
  ])('of JSON Patch is one argument if its schema is %s', async (_, schema) => {
    const { request } = await onlyTool(sending(schema, 'application/json-patch+json'), { method })
    expect(request['body']).toEqual({
      contentType: 'application/json-patch+json',
      argument: 'body',
    })
  })

  test('of another type omits the operation', async () => {
    await expect(onlyTool(sending(string, 'application/xml'), { method })).rejects.toThrow(
      'its body type is not supported: application/xml',
    )
  })
})
