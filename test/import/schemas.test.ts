import { describe, expect, test } from 'vitest'
import { createValidator } from '../../shared/json-schema/validator.ts'
import { answering, imported, onlyTool, sending } from './run.ts'

const post = { method: 'post' }

describe('the conversion of OpenAPI 3.0 to JSON Schema 2020-12', () => {
  test.each([
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'nullable with enum',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'nullable with allOf',
      { nullable: true, allOf: [{ type: 'object', properties: {} }] },
      { anyOf: [{ allOf: [{ type: 'object', properties: {} }] }, { type: 'null' }] },
    ],
    [
      'exclusive limits',
      { type: 'number', minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      { type: 'number', exclusiveMinimum: 1, maximum: 9 },
    ],
    ['example', { type: 'string', example: 'x' }, { type: 'string', examples: ['x'] }],
    [
      'format byte',
      { type: 'string', format: 'byte' },
      { type: 'string', format: 'byte', contentEncoding: 'base64' },
    ],
    [
      'members that JSON Schema does not have',
      { type: 'string', xml: { name: 'x' }, 'x-order': 1, externalDocs: { url: 'https://x' } },
      { type: 'string' },
    ],
    [
      'a pattern of another regex dialect',
      { type: 'string', pattern: '(?i)a' },
      { type: 'string' },
    ],
  ])('handles %s', async (_, written, expected) => {
    const body = sending({ type: 'object', properties: { x: written } })
    const { inputSchema } = await onlyTool(body, { ...post, version: '3.0.3' })
    expect(inputSchema['properties']).toEqual({ x: expected })
  })
})

describe('nullable in an OpenAPI 3.1 document', () => {
  const NOTE =
    'nullable, which OpenAPI 3.1 does not define, was translated as in 3.0: its schemas allow null'
  const text = { type: 'string' }
  const documentOf = (schema: object, openapi: string) => ({
    openapi,
    info: { title: 't', version: '1' },
    servers: [{ url: 'https://api.example.com' }],
    paths: { '/x': { get: { operationId: 'x', ...answering({ properties: { v: schema } }) } } },
    components: { schemas: { Text: text } },
  })

  test.each([
    ['a type', { type: 'string', nullable: true }, ['a', null], [1]],
    ['x-nullable', { type: 'string', 'x-nullable': true }, ['a', null], [1]],
    ['several types', { type: ['string', 'integer'], nullable: true }, ['a', 1, null], [true]],
    ['an enum', { type: 'string', nullable: true, enum: ['a'] }, ['a', null], ['b']],
    ['a constant', { type: 'string', nullable: true, const: 'a' }, ['a', null], ['b']],
    ['a reference', { $ref: '#/components/schemas/Text', nullable: true }, ['a', null], [1]],
    [
      'a reference with siblings',
      { $ref: '#/components/schemas/Text', enum: ['a'], nullable: true },
      ['a', null],
      ['b', 1],
    ],
    ['anyOf', { anyOf: [text, { type: 'integer' }], nullable: true }, ['a', 1, null], [true]],
  ])('allows null besides %s, with a note', async (_, schema, valid, invalid) => {
    const report = await imported(documentOf(schema, '3.1.0'))
    const validate = createValidator((report.catalogue?.tools['x']?.outputSchema ?? {}) as never)
    for (const v of valid) expect(validate({ v })).toBeUndefined()
    for (const v of invalid) expect(validate({ v })).toBeDefined()
    expect(report.tools[0]?.notes).toEqual([NOTE])
  })

  test.each([
    ['nullable: false', { type: 'string', nullable: false }, '3.1.0'],
    ['OpenAPI 3.0', { type: 'string', nullable: true }, '3.0.3'],
  ])('has no note for %s', async (_, schema, version) => {
    const report = await imported(documentOf(schema, version))
    expect(report.tools.map(({ notes }) => notes)).toEqual([[]])
  })
})
test('readOnly properties are not arguments, and writeOnly properties are not results', async () => {
  const components = {
    schemas: {
      Id: { type: 'string', readOnly: true },
      Base: {
        type: 'object',
        required: ['id', 'secret'],
        properties: {
          id: { $ref: '#/components/schemas/Id' },
          secret: { type: 'string', writeOnly: true },
        },
      },
      User: {
        allOf: [
          { $ref: '#/components/schemas/Base' },
          { type: 'object', required: ['id', 'name'], properties: { name: { type: 'string' } } },
        ],
      },
    },
  }
  const user = { $ref: '#/components/schemas/User' }
  const { inputSchema, outputSchema } = await onlyTool(
    { ...sending(user), ...answering(user, '201') },
    { ...post, components },
  )
  expect(inputSchema).toEqual({
    type: 'object',
    properties: { secret: { type: 'string' }, name: { type: 'string' } },
    required: ['secret', 'name'],
    additionalProperties: false,
  })
  const judge = createValidator(outputSchema ?? {})
  expect(judge({ id: '1', name: 'n' })).toBeUndefined()
  expect(judge({ name: 'n' })).toMatch("must have required property 'id'")
})

describe('references', () => {
  const tree = {
    schemas: {
      Node: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
        },
      },
      Once: { type: 'integer' },
      Unused: { type: 'string' },
    },
  }

  test('in a cycle remain in $defs, which contains only schemas that the tool needs', async () => {
    const { inputSchema } = await onlyTool(
      sending({
        type: 'object',
        properties: {
          root: { $ref: '#/components/schemas/Node' },
          size: { $ref: '#/components/schemas/Once' },
        },
      }),
      { ...post, components: tree },
    )
    expect(Object.keys(Object(inputSchema['$defs']))).toEqual(['Node'])
    expect(inputSchema['properties']).toEqual({
      root: { $ref: '#/$defs/Node' },
      size: { type: 'integer' },
    })
    const judge = createValidator(inputSchema)
    expect(judge({ root: { name: 'a', children: [{ name: 'b' }] } })).toBeUndefined()
    expect(judge({ root: { name: 'a', children: [{}] } })).toBeDefined()
  })

  test('in a cycle are flattened in a body and have their type at the root of a result', async () => {
    const node = { $ref: '#/components/schemas/Node' }
    const { inputSchema, outputSchema } = await onlyTool(
      { ...sending(node), ...answering(node) },
      { ...post, components: tree },
    )
    expect(inputSchema['required']).toEqual(['name'])
    expect(createValidator(inputSchema)({ name: 'a', children: [{ name: 'b' }] })).toBeUndefined()
    expect(outputSchema?.['type']).toBe('object')
    expect(createValidator(outputSchema ?? {})({ name: 'a', children: [{}] })).toBeDefined()
  })

  test('that only form a cycle omit the operation', async () => {
    const components = {
      schemas: {
        A: { $ref: '#/components/schemas/B' },
        B: { $ref: '#/components/schemas/A' },
      },
    }
    await expect(
      onlyTool(answering({ $ref: '#/components/schemas/A' }), { components }),
    ).rejects.toThrow('are circular')
  })

  test('to a missing schema omit the operation', async () => {
    const schema = { $ref: '#/components/schemas/Missing' }
    await expect(onlyTool(answering(schema))).rejects.toThrow('does not exist')
  })

  test.each([
    ['3.0.3', { description: 'Beside.' }],
    ['3.1.0', { description: 'Beside.', minLength: 3 }],
  ])('in OpenAPI %s keep the sibling keywords %j', async (version, kept) => {
    const components = { schemas: { Text: { type: 'string', description: 'Its own.' } } }
    const beside = { description: 'Beside.', minLength: 3, $ref: '#/components/schemas/Text' }
    const { inputSchema } = await onlyTool(sending({ type: 'object', properties: { x: beside } }), {
      ...post,
      version,
      components,
    })
    const flat = { $ref: '#/$defs/Text', ...kept }
    const inlined = { type: 'string', description: 'Beside.' }
    expect(inputSchema['properties']).toEqual({ x: version === '3.0.3' ? inlined : flat })
  })

  test('to an anchor are resolved', async () => {
    const components = { schemas: { Any: { $anchor: 'any', type: 'string' } } }
    const { outputSchema } = await onlyTool(
      answering({ type: 'object', properties: { x: { $ref: '#any' } } }),
      { components },
    )
    expect(outputSchema).toEqual({ type: 'object', properties: { x: { type: 'string' } } })
  })
})

describe('a discriminator', () => {
  const pet = (kind: string) => ({
    type: 'object',
    properties: { kind: { type: 'string' }, [kind]: { type: 'string' } },
  })
  const components = { schemas: { Cat: pet('meows'), Dog: pet('barks') } }
  const oneOf = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }]

  test.each([
    ['by schema names', {}, 'Cat'],
    ['by its mapping', { mapping: { cat: '#/components/schemas/Cat', dog: 'Dog' } }, 'cat'],
  ])('selects the alternative %s', async (_, mapping, value) => {
    const discriminator = { propertyName: 'kind', ...mapping }
    const { inputSchema } = await onlyTool(sending({ oneOf, discriminator }), {
      ...post,
      components,
    })
    expect(Object.keys(Object(inputSchema['properties']))).toEqual(['body'])
    const judge = createValidator(inputSchema)
    expect(judge({ body: { kind: value, meows: 'm' } })).toBeUndefined()
    expect(judge({ body: { kind: 'other' } })).toBeDefined()
    expect(judge({ body: { kind: value, meows: 1 } })).toBeDefined()
  })
})

describe('the output schema', () => {
  test.each([
    ['an object', { type: 'object', properties: {} }, undefined],
    ['properties without a type', { properties: { a: {} } }, undefined],
    ['oneOf with objects', { oneOf: [{ type: 'object' }, { properties: { a: {} } }] }, undefined],
    ['a list', { type: 'array', items: { type: 'string' } }, 'result'],
    ['a string', { type: 'string' }, 'result'],
  ])('has the type object for %s', async (_, schema, wrap) => {
    const { outputSchema, request } = await onlyTool(answering(schema))
    expect(outputSchema?.['type']).toBe('object')
    expect(request['wrap']).toBe(wrap)
    const properties = Object(outputSchema?.['properties'])
    expect('result' in properties).toBe(wrap !== undefined)
  })

  test('is missing if the response can be an object or null', async () => {
    const { outputSchema, request } = await onlyTool(answering({ type: ['object', 'null'] }))
    expect(outputSchema).toBeUndefined()
    expect(request['wrap']).toBe('result')
  })

  test('is that of the first 2xx response with JSON', async () => {
    const json = (name: string) => ({
      content: {
        'application/problem+json; charset=utf-8': {
          schema: { type: 'object', required: [name] },
        },
      },
    })
    const responses = {
      default: json('d'),
      400: json('e'),
      '2XX': json('x'),
      204: {},
      201: json('a'),
    }
    const { outputSchema } = await onlyTool({ responses })
    expect(outputSchema?.['required']).toEqual(['a'])
  })
})

test('translates the anchors and classes of other pattern dialects, or omits the pattern', async () => {
  const report = await imported({
    openapi: '3.1.0',
    servers: [{ url: 'https://api.example.com' }],
    paths: {
      '/x': {
        post: sending({
          type: 'object',
          properties: {
            code: { type: 'string', pattern: '\\A[[:alpha:]]+\\z' },
            hex: { type: 'string', pattern: '^\\h+$' },
            map: { type: 'object', patternProperties: { '\\Ax': { type: 'string' } } },
          },
        }),
      },
    },
  })
  expect(report.catalogue?.tools['post_x']?.inputSchema['properties']).toEqual({
    code: { type: 'string', pattern: '^[A-Za-z]+$' },
    hex: { type: 'string' },
    map: { type: 'object', patternProperties: { '^x': { type: 'string' } } },
  })
  expect(report.tools[0]?.notes).toEqual([
    'a pattern was translated to ECMAScript: "\\\\A[[:alpha:]]+\\\\z" is now "^[A-Za-z]+$"',
    expect.stringMatching(/^a pattern was omitted: "\^\\\\h\+\$" is not a regular expression/),
  ])
})
