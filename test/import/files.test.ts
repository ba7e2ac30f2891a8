import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { READ_LIMITS } from '../../deploy/import/document/read-bounded.ts'
import { IMPORT_OPTIONS, toOptions } from '../../deploy/import/options.ts'
import { runImport } from '../../deploy/import/run-import.ts'
import { directory, type JsonReport, run } from './run.ts'

const HEAD = 'openapi: 3.1.0\nservers: [{ url: https://api.example.com }]\n'
const POST_BODY =
  'requestBody: { required: true, content: { application/json: { schema: { $ref: "../schemas/thing.yaml" } } } }\n'
const THING = 'type: object\nrequired: [name]\nproperties: { name: { type: string } }\n'
const OPERATION = `operationId: createThing\ntags: [things]\n${POST_BODY}responses: {}\n`

function write(files: Readonly<Record<string, string>>): string {
  const path = directory()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return join(path, 'openapi.yaml')
}

async function report(source: string, ...args: readonly string[]) {
  const { code, output } = await run(source, '--json', '--public', ...args)
  return { code, ...(JSON.parse(output) as JsonReport) }
}

describe('a document in several files', () => {
  const whole = {
    'openapi.yaml': `${HEAD}paths:\n  /things: { post: { $ref: operations/create.yaml } }\n  /other: { $ref: operations/other.yaml }\n`,
    'operations/create.yaml': OPERATION,
    'operations/other.yaml':
      'get: { operationId: getOther, tags: [other], responses: {}, parameters: { $ref: "../parameters.yaml" } }\n',
    'parameters.yaml': '- { name: size, in: query, schema: { type: integer } }\n',
    'schemas/thing.yaml': THING,
  }

  test('may have operations and lists of parameters in other files', async () => {
    const { catalogue } = await report(write(whole))
    expect(catalogue?.tools['createThing']).toMatchObject({
      inputSchema: { properties: { name: { type: 'string' } }, required: ['name'] },
      request: { method: 'POST', url: 'https://api.example.com/things' },
    })
    expect(catalogue?.tools['getOther']?.inputSchema).toMatchObject({
      properties: { size: { type: 'integer' } },
    })
  })

  test.each([
    ['tag:things', ['createThing']],
    ['id:get*', ['getOther']],
    ['path:/other', ['getOther']],
    ['method:post', ['createThing']],
  ])('is selected by %s', async (selector, expected) => {
    const { tools } = await report(write(whole), '--include', selector)
    expect(tools.map(({ name }) => name)).toEqual(expected)
  })

  test('is read only as far as the selected operations need it', async () => {
    const source = write({ ...whole, 'schemas/thing.yaml': 'a: [' })
    expect((await report(source, '--include', 'id:getOther')).leftOut).toEqual([
      { operation: 'POST /things', reason: 'not included' },
    ])
    const { leftOut } = await report(source)
    expect(leftOut[0]?.reason).toContain('"../schemas/thing.yaml" could not be read')
  })
})

test('a document of OpenAPI 2.0 may have any part in another file', async () => {
  const source = write({
    'openapi.yaml':
      'swagger: "2.0"\nhost: api.example.com\nschemes: [https]\nconsumes: [application/json]\nproduces: [application/json]\ndefinitions: { Id: { type: integer } }\npaths:\n  /y/{id}: { $ref: parts/y.yaml }\n  /z: { get: { operationId: z, parameters: [{ $ref: none.yaml }], responses: {} } }\n',
    'parts/y.yaml':
      'parameters: [{ $ref: "all.yaml#/parameters/Id" }]\npost: { operationId: y, parameters: [{ $ref: "all.yaml#/parameters/Body" }], responses: { "200": { $ref: "all.yaml#/Found" } } }\n',
    'parts/all.yaml':
      'parameters:\n  Id: { name: id, in: path, required: true, type: integer }\n  Body: { name: b, in: body, required: true, schema: { $ref: "#/Thing" } }\nFound: { description: "", schema: { $ref: "../openapi.yaml#/definitions/Id" } }\nThing: { type: object, properties: { name: { type: string } } }\n',
  })
  const { catalogue, leftOut } = await report(source)
  expect(catalogue?.tools['y']).toMatchObject({
    inputSchema: {
      properties: { id: { type: 'integer' }, name: { type: 'string' } },
      required: ['id'],
    },
    outputSchema: { properties: { result: { type: 'integer' } } },
    request: { method: 'POST', url: 'https://api.example.com/y/{id}' },
  })
  expect(leftOut.map(({ operation }) => operation)).toEqual(['GET /z'])
})

describe('an unresolved reference', () => {
  const one = '  /x: { get: { operationId: x, responses: {} } }\n'
  const operation = (members: string) => `  /y: { post: { operationId: y, ${members} } }\n`

  test.each([
    ['path item', '  /y: { $ref: none.yaml }\n', '/y'],
    ['operation', '  /y: { post: { $ref: none.yaml } }\n', 'POST /y'],
    [
      'optional parameter',
      operation('parameters: [{ $ref: none.yaml }], responses: {}'),
      'POST /y',
    ],
    [
      'schema of an optional parameter',
      operation('parameters: [{ name: a, in: query, schema: { $ref: none.yaml } }], responses: {}'),
      'POST /y',
    ],
    ['list of parameters', operation('parameters: { $ref: none.yaml }, responses: {}'), 'POST /y'],
    ['body', operation('requestBody: { $ref: none.yaml }, responses: {}'), 'POST /y'],
    [
      'content',
      operation('requestBody: { content: { $ref: none.yaml } }, responses: {}'),
      'POST /y',
    ],
    [
      'mapping of properties',
      operation(
        'requestBody: { content: { application/json: { schema: { type: object, properties: { $ref: none.yaml } } } } }, responses: {}',
      ),
      'POST /y',
    ],
    ['list of scopes', operation('security: { $ref: none.yaml }, responses: {}'), 'POST /y'],
    [
      'response',
      operation('responses: { "200": { content: { application/json: { $ref: none.yaml } } } }'),
      'POST /y',
    ],
  ])('of a %s omits the operation', async (_, path, label) => {
    const { code, tools, leftOut } = await report(
      write({ 'openapi.yaml': `${HEAD}paths:\n${one}${path}` }),
    )
    expect([code, tools.map(({ name }) => name)]).toEqual([0, ['x']])
    expect(leftOut.map(({ operation: named }) => named)).toEqual([label])
    expect(leftOut[0]?.reason).toMatch(
      /^the file of the reference "none.yaml" could not be read: .*none.yaml cannot be read \(ENOENT\)$/,
    )
  })

  test('with parameters next to it omits the operation', async () => {
    const path = '  /y: { $ref: "#/z", parameters: [] }\nz: {}\n'
    const { leftOut } = await report(write({ 'openapi.yaml': `${HEAD}paths:\n${one}${path}` }))
    expect(leftOut).toEqual([
      { operation: '/y', reason: 'the reference "#/z" has parameters next to it' },
    ])
  })

  test('of more operations than remain makes the import fail', async () => {
    const paths = `${one}  /y: { $ref: none.yaml }\n  /z: { $ref: none.yaml }\n`
    const { code, output, errors } = await run(
      write({ 'openapi.yaml': `${HEAD}paths:\n${paths}` }),
      '--public',
    )
    expect([code, output]).toEqual([1, ''])
    expect(errors).toMatch(
      /^The document is incomplete, and no catalogue was written: 2 operations have unresolved/,
    )
  })
})

test.each([
  ['files', { files: 2 }, 'the document refers to more than 2 files'],
  ['bytes', { bytes: 500 }, 'is too large'],
])('the limit of %s makes the import fail', async (_, limit, message) => {
  const part = `# ${'x'.repeat(150)}\nget: { responses: {} }\n`
  const source = write({
    ...Object.fromEntries([1, 2, 3].map((number) => [`${number}.yaml`, part])),
    'openapi.yaml': `${HEAD}paths:\n${[1, 2, 3].map((number) => `  /${number}: { $ref: ${number}.yaml }\n`).join('')}`,
  })
  let errors = ''
  const values = Object.fromEntries(
    Object.entries(IMPORT_OPTIONS).map(([name, { type }]) => [name, EMPTY[type]]),
  )
  const options = toOptions({
    values: { ...values, public: true, json: false },
    positionals: [source],
  } as unknown as Parameters<typeof toOptions>[0])
  const output = { write: () => undefined, writeError: (text: string) => (errors += text) }
  expect(await runImport(options, output, { ...READ_LIMITS, ...limit })).toBe(1)
  expect(errors).toContain(message)
})

const EMPTY: Readonly<Record<string, unknown>> = { string: undefined, boolean: false, list: [] }
