import { describe, expect, test } from 'vitest'
import { compileTool } from '../../functions/gateway/callable-tool.ts'
import { ConfigError } from '../../shared/config.ts'
import { catalogueScopes, parseCatalogue, parseTools } from '../../shared/tools.ts'

function faultsOf(tools: string): readonly string[] {
  try {
    parseTools({ TOOLS: tools }, compileTool)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}

/** Nested aliases: a few hundred characters that expand to many millions. */
function billionLaughs(): string {
  return Array.from({ length: 9 }, (_, at) =>
    at === 0 ? 'a0: &a0 [x]' : `a${at}: &a${at} [${`*a${at - 1},`.repeat(9)}]`,
  ).join('\n')
}

describe('a catalogue', () => {
  test('is the same in YAML and in JSON, in the written order', () => {
    const yaml = 'b:\n  scopes: [x, a, a]\na:\n  title: A\n  scopes: []\n'
    const json = '{"b": {"scopes": ["x", "a", "a"]}, "a": {"title": "A", "scopes": []}}'
    const [one, two] = [parseCatalogue({ TOOLS: yaml }), parseCatalogue({ TOOLS: json })]
    expect([...one]).toEqual([...two])
    expect([...one.keys()]).toEqual(['b', 'a'])
    expect(one.get('b')?.scopes).toEqual(['a', 'x'])
    expect(catalogueScopes(one)).toEqual(['a', 'x'])
  })

  test('can be given by TOOL_SCOPES_JSON', () => {
    const catalogue = parseCatalogue({ TOOL_SCOPES_JSON: '{"a": ["x"], "b": []}' })
    expect(catalogue.get('a')).toMatchObject({ scopes: ['x'], inputSchema: { type: 'object' } })
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'contains %s only if it is declared',
    (name) => {
      expect(parseCatalogue({ TOOL_SCOPES_JSON: '{"a": []}' }).has(name)).toBe(false)
      const catalogue = parseCatalogue({ TOOL_SCOPES_JSON: `{"${name}": ["x"]}` })
      expect([...catalogue].map(([key, tool]) => [key, tool.name, tool.scopes])).toEqual([
        [name, name, ['x']],
      ])
    },
  )

  test('has defaults for the members of an entry', () => {
    expect([...parseCatalogue({ TOOLS: 'a: {scopes: []}' }).values()]).toEqual([
      {
        name: 'a',
        description: '',
        access: 'public',
        scopes: [],
        inputSchema: { type: 'object' },
      },
    ])
  })

  test('keeps an entry unchanged except for the order of its scopes', () => {
    const entry = {
      title: 'T',
      description: 'D',
      scopes: ['a:b', 'c'],
      inputSchema: { type: 'object', 'x-own': [1] },
      outputSchema: { type: 'array' },
      annotations: { title: 'T', readOnlyHint: true, openWorldHint: false },
      _meta: { 'openai/x': { y: null } },
      timeoutMs: 600_000,
    }
    const catalogue = parseCatalogue({ TOOLS: JSON.stringify({ 'a.b-c_D9': entry }) })
    expect(catalogue.get('a.b-c_D9')).toEqual({ ...entry, access: 'signed-in', name: 'a.b-c_D9' })
  })

  test('can have a name with 128 characters', () => {
    const name = 'a'.repeat(128)
    expect([...parseCatalogue({ TOOLS: `{"${name}": {"scopes": []}}` }).keys()]).toEqual([name])
  })

  const NAME_RULE = 'name must be 1 to 128 of A-Z a-z 0-9 _ - .'
  test.each([
    [
      'a: [',
      'TOOLS is not YAML or JSON (line 1, column 5: the indentation does not fit, or a bracket is not closed)',
    ],
    [
      '{"a": {"scopes": []}',
      'TOOLS is not YAML or JSON (line 1, column 21: a bracket, quotation mark, comma or colon is missing)',
    ],
    [
      'a: {scopes: []}\na: {scopes: []}',
      'TOOLS is not YAML or JSON (line 2, column 1: the key occurs twice)',
    ],
    [
      '{"a": {"scopes": ["x"]}, "a": {"scopes": []}}',
      'TOOLS is not YAML or JSON (line 1, column 26: the key occurs twice)',
    ],
    [
      'a: {description: one: two}',
      'TOOLS is not YAML or JSON (line 1, column 18: a text that contains a colon and a space must be quoted)',
    ],
    [
      'a:\n  description: one: two',
      'TOOLS is not YAML or JSON (line 2, column 16: a text that contains a colon and a space must be quoted)',
    ],
    [
      '---\na: {}\n---\nb: {}',
      'TOOLS is not YAML or JSON (line 3, column 1: there is more than one document)',
    ],
    ['a: *nowhere', 'TOOLS has an alias that cannot be resolved'],
    ['a: &a {scopes: [], _meta: {x: *a}}', 'TOOLS has an alias inside the value that it refers to'],
    [
      billionLaughs(),
      'TOOLS is too large with its aliases expanded: the maximum is 16 MiB of JSON',
    ],
    ['x', 'TOOLS must be a mapping of tool name to tool'],
    ['[]', 'TOOLS must be a mapping of tool name to tool'],
    ['null', 'TOOLS must be a mapping of tool name to tool'],
    ['# nothing', 'TOOLS must be a mapping of tool name to tool'],
    ['{}', 'TOOLS contains no tools'],
    ['"": {scopes: []}', `TOOLS: tool "": ${NAME_RULE}`],
    ['a b: {scopes: []}', `TOOLS: tool "a b": ${NAME_RULE}`],
    ['ä: {scopes: []}', `TOOLS: tool "ä": ${NAME_RULE}`],
    ['a/b: {scopes: []}', `TOOLS: tool "a/b": ${NAME_RULE}`],
    ['"a\\n": {scopes: []}', `TOOLS: tool "a\\n": ${NAME_RULE}`],
    [`{"${'a'.repeat(129)}": {"scopes": []}}`, `TOOLS: tool "${'a'.repeat(128)}": ${NAME_RULE}`],
    ['a: x', 'TOOLS: tool "a": entry: Invalid input: expected object, received string'],
    ['a: [x]', 'TOOLS: tool "a": entry: Invalid input: expected object, received array'],
    [
      'a: {}\nb: {scopes: []}\nc: {title: C}',
      'TOOLS: these tools do not define who may call them: a, c. Set scopes ([] = public) or securitySchemes of each tool, or defaults: {scopes: [...]} for all',
    ],
    [
      'a: {scopes: x}',
      'TOOLS: tool "a": scopes: Invalid input: expected array, received string. Write a list, for example ["events:read"]',
    ],
    [
      'a: {scopes: [1]}',
      'TOOLS: tool "a": scopes.0: Invalid input: expected string, received number',
    ],
    ...['b c', '', 'b"', 'b\\', 'ä'].map((scope): [string, string] => [
      `a: {scopes: [x, ${JSON.stringify(scope)}]}`,
      'TOOLS: tool "a": scopes.1: is not a scope-token (RFC 6749 s3.3). Write one scope per item, in ASCII without blanks, quotes or backslashes',
    ]),
    [
      'a: {scopes: [], timeoutMs: 0}',
      'TOOLS: tool "a": timeoutMs: Too small: expected number to be >=1',
    ],
    [
      'a: {scopes: [], timeoutMs: 600001}',
      'TOOLS: tool "a": timeoutMs: Too big: expected number to be <=600000',
    ],
    [
      'a: {scopes: [], timeoutMs: "10"}',
      'TOOLS: tool "a": timeoutMs: Invalid input: expected number, received string',
    ],
    [
      'a: {scopes: [], annotations: {readOnlyHint: "yes"}}',
      'TOOLS: tool "a": annotations.readOnlyHint: Invalid input: expected boolean, received string',
    ],
    [
      'a: {scopes: [], inputSchema: {type: objct}}',
      'TOOLS: tool "a": inputSchema.type: Invalid input: expected "object", received "objct"',
    ],
    [
      'a: {scopes: [], inputSchema: {}}',
      'TOOLS: tool "a": inputSchema.type: Invalid input: expected "object"',
    ],
  ])('is invalid as %j', (tools, fault) => {
    expect(faultsOf(tools)).toEqual([fault])
  })

  test.each([
    ['scope', 'scopes'],
    ['Scopes', 'scopes'],
    ['securitySchemas', 'securitySchemes'],
  ])('is invalid with %s, which probably means %s', (written, meant) => {
    expect(faultsOf(`a: {${written}: [x]}`)).toEqual([
      `TOOLS: tool "a": ${written}: unknown member, ignored. Did you mean ${meant}?`,
      expect.stringMatching(/^TOOLS: these tools do not define who may call them: a\./),
    ])
  })

  test('is refused with all its faults, each with its tool', () => {
    expect(faultsOf('a: {}\nb c: {scopes: []}')).toEqual([
      expect.stringMatching(/^TOOLS: tool "b c": name/),
      expect.stringMatching(/^TOOLS: these tools do not define who may call them: a\./),
    ])
  })
})

describe('schemas', () => {
  const tool = (schema: unknown) =>
    JSON.stringify({ a: { scopes: [], inputSchema: { type: 'object', ...Object(schema) } } })

  test('that are malformed are refused with tool, location and reason, one line per fault', () => {
    const schema = { properties: { x: { type: 'text' }, y: { minLength: -1 } }, required: 'x' }
    const types = '(array, boolean, integer, null, number, object, string)'
    expect(faultsOf(tool(schema))).toEqual([
      'TOOLS: tool "a": inputSchema at /required: must be array',
      `TOOLS: tool "a": inputSchema at /properties/x/type: must be equal to one of the allowed values ${types}, not "text"`,
      'TOOLS: tool "a": inputSchema at /properties/y/minLength: must be >= 0',
    ])
  })

  test('of input and output are both checked and reported', () => {
    const entry = { scopes: [], inputSchema: { type: 'object', not: 1 }, outputSchema: { not: [] } }
    expect(faultsOf(JSON.stringify({ a: entry }))).toEqual([
      'TOOLS: tool "a": inputSchema at /not: must be object or boolean',
      'TOOLS: tool "a": outputSchema at /not: must be object or boolean',
    ])
  })

  test('cannot have x-mcp-header', () => {
    const schema = { properties: { x: { type: 'string', 'x-mcp-header': 'X' } } }
    expect(faultsOf(tool(schema))).toEqual([
      'TOOLS: tool "a": inputSchema at /properties/x/x-mcp-header: is not supported',
    ])
  })

  test('of two tools can have the same $id', () => {
    const schema = { type: 'object', $id: 'https://x.example/same' }
    const entry = { scopes: [], inputSchema: schema }
    expect(faultsOf(JSON.stringify({ a: entry, b: entry }))).toEqual([])
  })

  const hidden = 'hunter2'
  const bounded = { type: 'object', additionalProperties: false }
  const node = { ...bounded, properties: { next: { $ref: '#/$defs/node' } } }
  test.each<[unknown, unknown, string | undefined]>([
    [{}, { any: hidden }, undefined],
    [{ properties: { x: { type: 'integer' } } }, { x: 1.0 }, undefined],
    [{ properties: { x: { type: 'integer' } } }, { x: hidden }, '/x must be integer'],
    [{ properties: { x: { type: 'integer' } } }, { x: '1' }, '/x must be integer'],
    [{ properties: { x: { maximum: 5 } } }, { x: 12_345 }, '/x must be <= 5'],
    [{ required: ['y'] }, {}, "arguments must have required property 'y'"],
    [
      { properties: { x: { enum: ['a', 'b'] } } },
      { x: hidden },
      '/x must be equal to one of the allowed values (a, b)',
    ],
    [{ properties: { x: { const: 'a' } } }, { x: hidden }, '/x must be equal to constant ("a")'],
    [{ properties: { x: { pattern: '^a$' } } }, { x: hidden }, '/x must match pattern "^a$"'],
    [{ properties: { x: { format: 'date' } } }, { x: hidden }, undefined],
    [{ properties: { x: { format: 'unheard-of' } } }, { x: hidden }, undefined],
    [{ properties: { x: { default: 1 } } }, {}, undefined],
    [bounded, { y: hidden }, 'arguments must NOT have additional properties ("y")'],
    [
      bounded,
      JSON.parse('{"__proto__": 1}'),
      'arguments must NOT have additional properties ("__proto__")',
    ],
    [
      { unevaluatedProperties: false },
      { y: hidden },
      'arguments must NOT have unevaluated properties ("y")',
    ],
    [
      { dependentRequired: { a: ['b'] } },
      { a: hidden },
      'arguments must have property b when property a is present',
    ],
    [
      { properties: { x: { prefixItems: [{ type: 'string' }], items: false } } },
      { x: ['a', hidden] },
      '/x must NOT have more than 1 items',
    ],
    [
      { $ref: '#/$defs/node', $defs: { node } },
      { next: { next: { y: hidden } } },
      '/next/next must NOT have additional properties ("y")',
    ],
    [
      { additionalProperties: { type: 'null' } },
      Object.fromEntries([...'abcdef'].map((name) => [name, hidden])),
      [...'abcde'].map((name) => `/${name} must be null`).join('; '),
    ],
  ])('validate arguments: %j with %j gives %j', (schema, value, said) => {
    const catalogue = parseTools({ TOOLS: tool(schema) }, compileTool)
    expect(catalogue.get('a')?.validateInput(value)).toBe(said)
  })
})
