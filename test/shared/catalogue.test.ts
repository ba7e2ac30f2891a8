import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, describe, expect, test } from 'vitest'
import { compileTool } from '../../functions/gateway/callable-tool.ts'
import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { schemesOf } from '../../shared/catalogue/access.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { ConfigError } from '../../shared/config.ts'
import { parseCatalogue, parseDocument } from '../../shared/tools.ts'

const read = (tools: unknown) => parseDocument({ TOOLS: JSON.stringify(tools) }, compileTool)

function faultsOf(TOOLS: string): readonly string[] {
  try {
    parseDocument({ TOOLS }, compileTool)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}

test('a collection as a key causes no process warning, which would quote it', async () => {
  const warnings: unknown[] = []
  const onWarning = (warning: unknown) => warnings.push(warning)
  process.on('warning', onWarning)
  expect(faultsOf('? [secret-1, secret-2]\n: {scopes: []}\n')).toEqual([
    'TOOLS: tool "[ secret-1, secret-2 ]": name must be 1 to 128 of A-Z a-z 0-9 _ - .',
  ])
  expect(faultsOf('a: {scopes: [], _meta: {? {secret: 3} : 1}}')).toEqual([])
  // Node emits a warning in a later tick.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})

test.each([
  ['in block style', '? '.repeat(600), 'line 1, column 5'],
  [
    'on lines of their own',
    Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}?`).join('\n'),
    'line 3, column 3',
  ],
  ['in sequences', `? ${'[? '.repeat(300)}a${']'.repeat(300)}\n: {}`, 'line 1, column 6'],
  ['as values', `? ${'[a: '.repeat(800)}b${']'.repeat(800)}\n: {}`, 'line 1, column 4'],
  [
    'in flow mappings',
    `a: {description: ${'{? '.repeat(300)}a${'}'.repeat(301)}`,
    'line 1, column 24',
  ],
])('refuses collections inside keys %s at once', (_, text, place) => {
  expect(faultsOf(text)).toEqual([`TOOLS has a mapping or a sequence inside a key in ${place}`])
})

describe('the access of a tool', () => {
  const noauth = { type: 'noauth' }
  const oauth2 = (...scopes: string[]) => ({ type: 'oauth2', scopes })

  test.each<[string, object, string, string[]]>([
    ['scopes: []', { scopes: [] }, 'public', []],
    ['scopes', { scopes: ['b', 'a'] }, 'signed-in', ['a', 'b']],
    ['noauth', { securitySchemes: [noauth] }, 'public', []],
    ['oauth2 with empty scopes', { securitySchemes: [oauth2()] }, 'signed-in', []],
    ['oauth2 without a scopes member', { securitySchemes: [{ type: 'oauth2' }] }, 'signed-in', []],
    ['oauth2 with scopes', { securitySchemes: [oauth2('b', 'a')] }, 'signed-in', ['a', 'b']],
    ['noauth and oauth2', { securitySchemes: [noauth, oauth2('a')] }, 'optional', ['a']],
    ['oauth2 and noauth', { securitySchemes: [oauth2(), noauth] }, 'optional', []],
    [
      '_meta.securitySchemes alone',
      { _meta: { securitySchemes: [oauth2('a')] } },
      'signed-in',
      ['a'],
    ],
    [
      'scopes and equal securitySchemes',
      { scopes: ['a'], securitySchemes: [oauth2('a')] },
      'signed-in',
      ['a'],
    ],
    [
      'scopes and null as securitySchemes',
      { scopes: ['a'], securitySchemes: null },
      'signed-in',
      ['a'],
    ],
  ])('is read from %s', (_, entry, access, scopes) => {
    const tool = read({ a: entry }).tools.get('a')
    expect([tool?.access, tool?.scopes]).toEqual([access, scopes])
  })

  test.each([
    [{ securitySchemes: [] }, 'securitySchemes: must name a scheme: noauth, oauth2 or both'],
    [{ securitySchemes: [noauth, noauth] }, 'securitySchemes: must name each scheme once'],
    [
      { securitySchemes: [{ type: 'apiKey' }] },
      expect.stringMatching(/^securitySchemes\.0\.type: /),
    ],
    [
      { securitySchemes: [oauth2('a b')] },
      'securitySchemes.0.scopes.0: is not a scope-token (RFC 6749 s3.3). Write one scope per item, in ASCII without blanks, quotes or backslashes',
    ],
    [
      { scopes: [], securitySchemes: [oauth2()] },
      'scopes and securitySchemes say different things: keep one of them',
    ],
  ])('is invalid as %j', (entry, fault) => {
    const [line, ...others] = faultsOf(JSON.stringify({ a: entry }))
    expect(others).toEqual([])
    expect(line?.replace('TOOLS: tool "a": ', '')).toEqual(fault)
  })

  test.each([
    [{ access: 'public', scopes: [] } as const, [noauth]],
    [{ access: 'optional', scopes: ['a'] } as const, [noauth, oauth2('a')]],
    [{ access: 'signed-in', scopes: [] } as const, [oauth2()]],
    [{ access: 'signed-in', scopes: ['a'] } as const, [oauth2('a')]],
  ])('is published as securitySchemes: %j', (rule, schemes) => {
    expect(schemesOf(rule)).toEqual(schemes)
  })

  test('is required: every tool without it is named, in lines that fit into the log', () => {
    const names = Array.from({ length: 117 }, (_, at) => `a_tool_with_a_long_name_${at}`)
    const tools = names.map((name) => ({ name, inputSchema: { type: 'object' } }))
    const faults = faultsOf(JSON.stringify({ tools }))
    expect(Math.max(...faults.map(({ length }) => length))).toBeLessThan(1_000)
    const named = faults.join('\n').match(/a_tool_with_a_long_name_\d+/g)
    expect(named).toEqual(names)
  })
})

describe('a catalogue document', () => {
  const inputSchema = { type: 'object' }

  test.each([
    [
      'a list',
      {
        tools: [
          { name: 'b', scopes: [] },
          { name: 'a', scopes: ['x'] },
        ],
      },
    ],
    ['a mapping', { tools: { b: { scopes: [] }, a: { scopes: ['x'] } } }],
    [
      'a result of tools/list',
      {
        tools: [
          { name: 'b', scopes: [] },
          { name: 'a', scopes: ['x'] },
        ],
        _meta: {},
        nextCursor: null,
        ttlMs: 1,
        cacheScope: 'public',
        resultType: 'complete',
      },
    ],
    [
      'a JSON-RPC response to tools/list',
      {
        jsonrpc: '2.0',
        id: 1,
        result: {
          tools: [
            { name: 'b', scopes: [] },
            { name: 'a', scopes: ['x'] },
          ],
        },
      },
    ],
  ])('can be %s', (_, document) => {
    const { tools, warnings } = read(document)
    expect([...tools.values()].map(({ name, scopes }) => [name, scopes])).toEqual([
      ['b', []],
      ['a', ['x']],
    ])
    expect(warnings).toEqual([])
  })

  test('can be a mapping with a tool named tools', () => {
    expect([...read({ tools: { scopes: [] } }).tools.keys()]).toEqual(['tools'])
  })

  test('has defaults for the members that a tool does not set', () => {
    const { tools } = read({
      defaults: { scopes: ['x'], timeoutMs: 5, annotations: { readOnlyHint: true } },
      tools: [
        { name: 'a', inputSchema },
        { name: 'b', inputSchema, scopes: [], timeoutMs: 7 },
        { name: 'c', inputSchema, securitySchemes: [{ type: 'oauth2' }], annotations: null },
      ],
    })
    expect(
      [...tools.values()].map(({ access, scopes, timeoutMs }) => [access, scopes, timeoutMs]),
    ).toEqual([
      ['signed-in', ['x'], 5],
      ['public', [], 7],
      ['signed-in', [], 5],
    ])
  })

  test('keeps server and causes warnings about unknown and unsupported members', () => {
    const { server, warnings } = read({
      server: { name: 'x', instructions: 'y' },
      resources: [],
      skills: {},
      colour: 1,
      tools: [{ name: 'a', scopes: [], inputschema: {}, annotations: { newHint: 1 } }],
      nextCursor: 'more',
    })
    expect(server).toEqual({ name: 'x', instructions: 'y' })
    expect(warnings).toEqual([
      'colour: unknown member, ignored',
      'nextCursor: the list has more pages, which this catalogue does not contain',
      'tool "a": inputschema: unknown member, ignored. Did you mean inputSchema?',
      'tool "a": annotations.newHint: unknown member, ignored',
    ])
  })

  test('keeps the members of MCP and treats null as absent', () => {
    const icons = [{ src: 'https://example.com/i.png', sizes: ['48x48'] }]
    const { tools, warnings } = read({
      tools: [
        { name: 'a', scopes: [], icons, execution: { taskSupport: 'forbidden' } },
        { name: 'b', scopes: [], execution: { taskSupport: 'required' } },
        {
          name: 'c',
          scopes: [],
          title: null,
          outputSchema: null,
          icons: null,
          _meta: null,
          annotations: { title: null },
        },
      ],
    })
    expect(tools.get('a')).toMatchObject({ icons, execution: { taskSupport: 'forbidden' } })
    expect(tools.get('b')?.execution).toBeUndefined()
    expect(tools.get('c')?.outputSchema).toBeUndefined()
    expect(warnings).toEqual(['tool "b": execution: tasks are not supported, ignored'])
  })

  test.each([
    [{ tools: [{ scopes: [] }] }, 'TOOLS: tools.0: name must be a string'],
    [
      {
        tools: [
          { name: 'a', scopes: [] },
          { name: 'a', scopes: [] },
        ],
      },
      'TOOLS: tool "a": this name occurs twice',
    ],
    [{ tools: [] }, 'TOOLS contains no tools'],
    [{ tools: [], defaults: 1 }, 'TOOLS: defaults must be a mapping of tool members'],
    [{ tools: [], server: 1 }, 'TOOLS: server must be a mapping'],
  ])('is invalid as %j', (document, fault) => {
    expect(faultsOf(JSON.stringify(document))).toEqual([fault])
  })
})

describe('the text of a catalogue', () => {
  test.each([
    ['{"a": {"scopes": [], "title": "\\u0022"}}', '"'],
    ['{"a": {"scopes": [], "title": "\\\\u0022"}}', '\\u0022'],
    ['{ "a" : { "scopes" : [ ] , "title" : "a\\": b" } }', 'a": b'],
  ])('is read as JSON: %s', (TOOLS, title) => {
    expect(parseCatalogue({ TOOLS }).get('a')?.title).toBe(title)
  })

  test('is invalid with a duplicate name, even if it contains escaped quotation marks', () => {
    expect(
      faultsOf('{"a": {"scopes": ["x"], "title": "\\u0022\\u0022\\u0022\\u0022", "scopes": []}}'),
    ).toEqual([expect.stringContaining('the key occurs twice')])
  })

  test('can share one schema with anchors between hundreds of tools', () => {
    const uses = Array.from(
      { length: 400 },
      (_, at) => `t${at}: {scopes: [], inputSchema: *shared}`,
    )
    const TOOLS = `
a: {scopes: [], inputSchema: {type: object, properties: {x: &text {type: string}}}}
b:
  scopes: []
  inputSchema: &shared {type: object, properties: {a: *text, b: *text, c: *text}}
${uses.join('\n')}`
    expect(parseCatalogue({ TOOLS }).get('t399')?.inputSchema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' }, c: { type: 'string' } },
    })
  })

  test('can have YAML merge keys', () => {
    const TOOLS = `
a: &a {scopes: [x], timeoutMs: 5}
b: {<<: *a, timeoutMs: 7}`
    expect(parseCatalogue({ TOOLS }).get('b')).toMatchObject({ scopes: ['x'], timeoutMs: 7 })
  })
})

describe('a compiled catalogue', () => {
  const directory = mkdtempSync(`${tmpdir()}/catalogue-`)
  const TOOLS_FILE = `${directory}/tools.json`
  afterAll(() => rmSync(directory, { recursive: true }))
  const source = {
    TOOLS: JSON.stringify({
      server: { name: 'x' },
      tools: [
        {
          name: 'a',
          scopes: ['x'],
          description: 'A',
          inputSchema: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { n: { type: 'integer' } },
          },
        },
        { name: 'b', securitySchemes: [{ type: 'noauth' }, { type: 'oauth2' }], unknown: 1 },
      ],
    }),
  }
  const named = (parsed: ReturnType<typeof parseDocument>) =>
    JSON.parse(JSON.stringify({ ...parsed, tools: [...parsed.tools] }))

  test('is equal to its source', () => {
    writeFileSync(TOOLS_FILE, compileCatalogue(source))
    const compiled = parseDocument({ TOOLS_FILE }, compileTool)
    expect(named(compiled)).toEqual(named(parseDocument(source, compileTool)))
    expect(compiled.tools.get('a')?.validateInput({ n: 'x' })).toBe('/n must be integer')
  })

  test('for other functions contains only names and access', () => {
    writeFileSync(TOOLS_FILE, compileCatalogue(source, 'access'))
    expect([...parseCatalogue({ TOOLS_FILE }).values()]).toEqual([
      {
        name: 'a',
        access: 'signed-in',
        scopes: ['x'],
        description: '',
        inputSchema: { type: 'object' },
      },
      {
        name: 'b',
        access: 'optional',
        scopes: [],
        description: '',
        inputSchema: { type: 'object' },
      },
    ])
  })

  test('for other functions is not accepted by the gateway', () => {
    const fault = 'TOOLS_FILE contains only the names and scopes of the tools'
    writeFileSync(TOOLS_FILE, compileCatalogue(source, 'access'))
    expect(() => parseGatewayConfig({ TOOLS_FILE })).toThrow(fault)
    writeFileSync(TOOLS_FILE, compileCatalogue({ TOOLS_FILE }))
    expect(() => parseGatewayConfig({ TOOLS_FILE })).toThrow(fault)
    writeFileSync(TOOLS_FILE, compileCatalogue(source))
    expect(() => parseGatewayConfig({ TOOLS_FILE })).not.toThrow(fault)
    expect(() => parseGatewayConfig({ TOOLS_FILE })).toThrow('PUBLIC_URL')
  })

  test('is validated again if it was changed', () => {
    writeFileSync(TOOLS_FILE, compileCatalogue(source).replace('"integer"', '"integre"'))
    expect(() => parseDocument({ TOOLS_FILE }, compileTool)).toThrow(ConfigError)
    expect(readFileSync(TOOLS_FILE, 'utf8')).toContain('integre')
  })

  test('is not created from an invalid catalogue', () => {
    expect(() =>
      compileCatalogue({
        TOOLS: '{"a": {"scopes": [], "inputSchema": {"type": "object", "not": 1}}}',
      }),
    ).toThrow('TOOLS: tool "a": inputSchema at /not: must be object or boolean')
  })
})
