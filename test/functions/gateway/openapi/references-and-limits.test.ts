import SwaggerParser from '@apidevtools/swagger-parser'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { type Components, embedSchema } from '../../../../functions/gateway/openapi/embed-schema.ts'
import { openApiDocument } from '../../../../functions/gateway/openapi/openapi.ts'
import { brokenLimits } from '../../../../functions/gateway/openapi/openapi-limits.ts'
import type { JsonSchema } from '../../../../shared/json-schema/schema.ts'
import { type Catalogue, parseCatalogue } from '../../../../shared/tools.ts'

const OPTIONS = {
  publicUrl: 'https://mcp.test',
  issuer: 'https://tenant.test/',
  audience: 'https://mcp.test/mcp',
}

function documentOf(tools: Readonly<Record<string, object>>) {
  const entries = Object.entries(tools).map(([name, tool]) => [name, { scopes: ['x'], ...tool }])
  const catalogue = parseCatalogue({ TOOLS: JSON.stringify(Object.fromEntries(entries)) })
  return openApiDocument(catalogue, OPTIONS)
}

/** Validates the document against OpenAPI's schema and resolves every reference, as an importer does. */
async function parsed(document: object) {
  const copy = () => JSON.parse(JSON.stringify(document))
  await SwaggerParser.validate(copy())
  return SwaggerParser.dereference(copy(), { resolve: { external: false } })
}

const tree = {
  type: 'object',
  properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
  required: ['name'],
}

// Each has a valid and an invalid value, which show that the meaning is the same in the document.
const schemas: readonly [string, JsonSchema, unknown, unknown][] = [
  [
    'a definition',
    {
      type: 'object',
      properties: { where: { $ref: '#/$defs/F' } },
      $defs: { F: { type: 'object', required: ['a'] } },
    },
    { where: { a: 1 } },
    { where: {} },
  ],
  [
    'definitions that refer to each other',
    {
      type: 'object',
      properties: { a: { $ref: '#/definitions/A' } },
      definitions: {
        A: { type: 'object', properties: { b: { $ref: '#/definitions/B' } } },
        B: { type: 'object', properties: { a: { $ref: '#/definitions/A' }, n: { type: 'null' } } },
      },
    },
    { a: { b: { a: { b: { n: null } } } } },
    { a: { b: { a: { b: { n: 1 } } } } },
  ],
  ['itself', tree, { name: 'a', children: [{ name: 'b' }] }, { name: 'a', children: [{}] }],
  [
    'a property',
    { type: 'object', properties: { x: { type: 'string' }, y: { $ref: '#/properties/x' } } },
    { y: 'a' },
    { y: 1 },
  ],
  [
    'a location with ~, / and % in its name',
    {
      type: 'object',
      properties: { y: { $ref: '#/$defs/a~1b~0c%25/items' } },
      $defs: { 'a/b~c%': { items: { type: 'string' } } },
    },
    { y: 'a' },
    { y: 1 },
  ],
  [
    'its own $id',
    {
      $id: 'https://example.com/tree',
      type: 'object',
      properties: { y: { $ref: 'https://example.com/tree#/$defs/S' }, z: { $ref: 'tree' } },
      $defs: { S: { type: 'string' } },
    },
    { y: 'a', z: { y: 'b' } },
    { z: { y: 1 } },
  ],
  [
    'a subschema with an $id, and within it',
    {
      type: 'object',
      properties: { y: { $ref: 'https://example.com/s' } },
      $defs: {
        S: {
          $id: 'https://example.com/s',
          properties: { n: { $ref: '#/$defs/N' } },
          $defs: { N: { type: 'number' } },
        },
        N: { type: 'string' },
      },
    },
    { y: { n: 1 } },
    { y: { n: 'a' } },
  ],
  [
    'an anchor',
    {
      type: 'object',
      properties: { y: { $ref: '#here' } },
      $defs: { S: { $anchor: 'here', type: 'string' } },
    },
    { y: 'a' },
    { y: 1 },
  ],
  [
    'a dynamic anchor',
    {
      $dynamicAnchor: 'node',
      type: 'object',
      properties: { n: { type: 'integer' }, next: { $dynamicRef: '#node' } },
    },
    { next: { next: { n: 1 } } },
    { next: { next: { n: 'a' } } },
  ],
  [
    'a schema, with sibling keywords',
    {
      type: 'object',
      properties: { y: { $ref: '#/$defs/S', minLength: 2, allOf: [{ maxLength: 3 }] } },
      $defs: { S: { type: 'string' } },
    },
    { y: 'ab' },
    { y: 'abcd' },
  ],
  [
    'a boolean schema',
    {
      type: 'object',
      properties: { y: { $ref: '#/$defs/Any' }, z: { $ref: '#/$defs/None' } },
      $defs: { Any: true, None: false },
    },
    { y: 1 },
    { z: 1 },
  ],
  [
    'an unknown keyword',
    {
      type: 'object',
      properties: { y: { $ref: '#/x-types/S' } },
      'x-types': { S: { properties: { t: { $ref: '#/x-types/T' } } }, T: { type: 'string' } },
    },
    { y: { t: 'a' } },
    { y: { t: 1 } },
  ],
  [
    'a definition, from lists and maps of schemas',
    {
      type: 'object',
      patternProperties: { '^a': { anyOf: [{ type: 'null' }, { $ref: '#/$defs/S' }] } },
      additionalProperties: { prefixItems: [{ not: { $ref: '#/$defs/S' } }] },
      $defs: { S: { type: 'string' } },
    },
    { a: 'x', b: [1] },
    { b: ['x'] },
  ],
  [
    'a definition, from properties named like keywords',
    {
      type: 'object',
      properties: {
        $ref: { type: 'string' },
        $defs: { $ref: '#/$defs/N' },
        $id: { type: 'integer' },
      },
      $defs: { N: { type: 'number' } },
    },
    { $ref: '#/nowhere', $defs: 1, $id: 1 },
    { $defs: 'a' },
  ],
]

describe('a reference in /openapi.json', () => {
  test.each(schemas)('to %s keeps its meaning', async (_, schema, fits, doesNotFit) => {
    const document = documentOf({ find: { inputSchema: schema, outputSchema: schema } })
    await parsed(document)
    const ajv = new Ajv2020({ strict: false, logger: false })
    ajv.addSchema({ ...document, $id: 'https://doc.test/' })
    const original = new Ajv2020({ strict: false, logger: false }).compile(schema)
    for (const place of ['requestBody', 'responses/200']) {
      const pointer = `paths/~1tools~1find/post/${place}/content/application~1json/schema`
      const written = ajv.getSchema(`https://doc.test/#/${pointer}`)
      for (const value of [fits, doesNotFit]) expect(written?.(value)).toBe(original(value))
      expect(written?.(fits)).toBe(true)
      expect(written?.(doesNotFit)).toBe(false)
    }
  })

  test.each(schemas)('to %s points to a component', (_, schema) => {
    const document = documentOf({ find: { inputSchema: schema } })
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)]
    expect(references.length).toBeGreaterThan(1)
    for (const [, reference = ''] of references) {
      const name = reference.replace('#/components/schemas/', '')
      expect(document.components.schemas).toHaveProperty([name])
      expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
    }
    for (const identifier of ['"$id":"', '"$anchor"', '"$dynamic', '"definitions"']) {
      expect(JSON.stringify(document)).not.toContain(identifier)
    }
  })

  test('does not collide with a reference of the same name in another tool', async () => {
    const of = (type: string) => ({
      inputSchema: {
        $id: 'https://example.com/s',
        type: 'object',
        properties: { y: { $ref: '#/$defs/S' } },
        $defs: { S: { type } },
      },
    })
    const document = documentOf({
      a: of('string'),
      'a.input': of('number'),
      'a.input.S': of('null'),
    })
    const { paths } = (await parsed(document)) as unknown as {
      paths: Record<
        string,
        { post: { requestBody: { content: Record<string, { schema: unknown }> } } }
      >
    }
    const typeOf = (tool: string) =>
      paths[`/tools/${tool}`]?.post.requestBody.content['application/json']?.schema
    expect(typeOf('a')).toMatchObject({ properties: { y: { type: 'string' } } })
    expect(typeOf('a.input')).toMatchObject({ properties: { y: { type: 'number' } } })
    expect(typeOf('a.input.S')).toMatchObject({ properties: { y: { type: 'null' } } })
  })

  test('is removed if it leads outside the schema', () => {
    const components: Components = new Map()
    const schema = {
      properties: {
        a: { $ref: 'https://example.com/other', title: 'A' },
        b: { $ref: '#/nowhere' },
      },
    }
    expect(embedSchema(schema, 'x', components)).toEqual({
      properties: { a: { title: 'A' }, b: {} },
    })
    expect(components.size).toBe(0)
  })

  test('is removed together with a value that is not a schema', async () => {
    const value = { $ref: '#/nowhere' }
    const a = { default: value, examples: [[value]], const: value, enum: [value], 'x-a': value }
    const inputSchema = { type: 'object', properties: { a: { ...a, title: 'A' } } }
    const document = documentOf({ find: { inputSchema } })
    await parsed(document)
    expect(document.paths['/tools/find']?.post.requestBody.content).toEqual({
      'application/json': { schema: { type: 'object', properties: { a: { title: 'A' } } } },
    })
  })

  test("is removed from OpenAPI's discriminator", () => {
    const discriminator = { propertyName: 'kind', mapping: { cat: '#/components/schemas/Cat' } }
    expect(embedSchema({ discriminator }, 'x', new Map())).toEqual({
      discriminator: { propertyName: 'kind' },
    })
  })

  test('adds its target to the document only once', () => {
    let schema: object = { type: 'string' }
    for (let depth = 0; depth < 100; depth += 1) {
      const pointer = `#${'/properties/a'.repeat(100 - depth)}`
      schema = { type: 'object', properties: { a: schema, b: { $ref: pointer } } }
    }
    const given = JSON.stringify(schema).length
    const document = documentOf({ find: { inputSchema: schema } })
    expect(JSON.stringify(document).length).toBeLessThan(3 * given + 5_000)
  })
})

describe('the security of an operation', () => {
  test.each([
    ['public', [], []],
    ['optional', ['x'], [{}, { auth0: ['x'] }]],
    ['optional', [], [{}, { auth0: [] }]],
    ['signed-in', ['x', 'y'], [{ auth0: ['x', 'y'] }]],
    ['signed-in', [], [{ auth0: [] }]],
  ])(
    'is declared for a tool with access %s and the scopes %j',
    async (access, scopes, security) => {
      const tool = {
        name: 'find',
        description: '',
        access,
        scopes,
        inputSchema: { type: 'object' },
      }
      const catalogue = new Map([['find', tool]]) as unknown as Catalogue
      const document = openApiDocument(catalogue, OPTIONS)
      await parsed(document)
      expect(document.paths['/tools/find']?.post.security).toEqual(security)
    },
  )
})

describe('a document for GPT Actions', () => {
  test('has descriptions of at most 300 characters that end with a word', () => {
    const description = 'Finds what the person asks for. '.repeat(20)
    const { post } =
      documentOf({ find: { description, title: description } }).paths['/tools/find'] ?? {}
    for (const text of [post?.description ?? '', post?.summary ?? '']) {
      expect(text.length).toBeLessThanOrEqual(300)
      expect(text).toMatch(/^Finds .*\w…$/)
    }
    const short = documentOf({ find: { description: 'x'.repeat(300) } }).paths['/tools/find']
    expect(short?.post.description).toBe('x'.repeat(300))
    const word = documentOf({ find: { description: '😀'.repeat(200) } }).paths['/tools/find']
    expect(word?.post.description).toHaveLength(300)
  })

  test('has a summary and a schema for a tool without description and schema', () => {
    const { post } = documentOf({ find: {} }).paths['/tools/find'] ?? {}
    expect(post).toMatchObject({
      summary: 'find',
      requestBody: {
        content: { 'application/json': { schema: { type: 'object', properties: {} } } },
      },
    })
    expect(post).not.toHaveProperty('description')
  })

  test('is checked against the limits, and exceeded limits are named', () => {
    const catalogueOf = (count: number, tool: object = {}) =>
      parseCatalogue({
        TOOLS: JSON.stringify(
          Object.fromEntries(
            Array.from({ length: count }, (_, at) => [`t${at}`, { scopes: ['x'], ...tool }]),
          ),
        ),
      })
    expect(brokenLimits(catalogueOf(30))).toEqual([])
    expect(brokenLimits(catalogueOf(31))).toEqual([
      '31 operations exceed the GPT Actions limit of 30: import /openapi.json?tools=a,b',
    ])
    const large = { inputSchema: { type: 'object', title: 'x'.repeat(50_000) } }
    expect(brokenLimits(catalogueOf(2, large))).toEqual([
      expect.stringMatching(/^about 1020\d\d characters exceed the GPT Actions limit of 100000: /),
    ])
  })
})
