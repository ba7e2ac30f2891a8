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

describe('a catalogue', () => {
  test('is the same in YAML and in JSON, in the order as written', () => {
    const yaml = 'b:\n  scopes: [x, a, a]\na:\n  title: A\n  scopes: []\n'
    const json = '{"b": {"scopes": ["x", "a", "a"]}, "a": {"title": "A", "scopes": []}}'
    const [one, two] = [parseCatalogue({ TOOLS: yaml }), parseCatalogue({ TOOLS: json })]
    expect([...one]).toEqual([...two])
    expect([...one.keys()]).toEqual(['b', 'a'])
    expect(one.get('b')?.scopes).toEqual(['a', 'x'])
    expect(catalogueScopes(one)).toEqual(['a', 'x'])
  })

  test('TOOL_SCOPES_JSON is the short form', () => {
    const catalogue = parseCatalogue({ TOOL_SCOPES_JSON: '{"a": ["x"], "b": []}' })
    expect(catalogue.get('a')).toMatchObject({ scopes: ['x'], inputSchema: { type: 'object' } })
  })

  test.each(['__proto__', 'constructor', 'toString'])('%s is in none', (name) => {
    expect(parseCatalogue({ TOOL_SCOPES_JSON: '{"a": []}' }).has(name)).toBe(false)
  })

  test.each([
    ['a: [', 'is not YAML or JSON'],
    ['{"a": {"scopes": []}', 'is not YAML or JSON'],
    ['a: {scopes: []}\na: {scopes: []}', 'is not YAML or JSON'],
    ['{"a": {"scopes": ["x"]}, "a": {"scopes": []}}', 'is not YAML or JSON'],
    ['x', 'must be a mapping'],
    ['[]', 'must be a mapping'],
    ['{}', 'names no tool'],
    ['"": {scopes: []}', 'name must be 1 to 128'],
    ['a b: {scopes: []}', 'name must be 1 to 128'],
    [`${'a'.repeat(129)}: {scopes: []}`, 'name must be 1 to 128'],
    ['a: {}', 'scopes'],
    ['a: {scopes: x}', 'scopes'],
    ['a: {scopes: [1]}', 'scopes.0'],
    ['a: {scopes: ["b c"]}', 'is not a scope-token'],
    ['a: {scopes: [], timeoutMs: 0}', 'timeoutMs'],
    ['a: {scopes: [], other: 1}', 'Unrecognized key'],
    ['a: {scopes: [], annotations: {hint: true}}', 'annotations'],
    ['a: {scopes: [], inputSchema: {type: string}}', 'inputSchema.type'],
  ])('%s is refused', (tools, fault) => {
    expect(faultsOf(tools).join('\n')).toContain(fault)
  })

  test('one that is too deep in aliases is refused, not expanded', () => {
    const lines = [
      'a: &a0 [x]',
      ...Array.from({ length: 9 }, (_, i) => `b${i}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
    ]
    expect(() => parseCatalogue({ TOOLS: lines.join('\n') })).toThrow()
  })

  test('all faults are told, each with its tool', () => {
    expect(faultsOf('a: {}\nb c: {scopes: []}')).toEqual([
      expect.stringMatching(/^TOOLS: tool "a": scopes/),
      expect.stringMatching(/^TOOLS: tool "b c": name/),
    ])
  })
})

describe('schemas', () => {
  const tool = (schema: unknown) =>
    JSON.stringify({ a: { scopes: [], inputSchema: { type: 'object', ...Object(schema) } } })

  test.each([
    { properties: { x: { type: 'integer' } } },
    { $schema: 'https://json-schema.org/draft/2020-12/schema' },
    {
      $id: 'https://x.example/schema',
      $defs: { y: true },
      properties: { x: { $ref: '#/$defs/y' } },
    },
    { properties: { x: { format: 'date' } }, 'x-unknown': 1 },
  ])('%j is one', (schema) => {
    expect(faultsOf(tool(schema))).toEqual([])
  })

  test.each([
    { minimum: 'x' },
    { required: 'a' },
    { properties: [] },
    { pattern: '[' },
    { enum: [] },
    { allOf: 5 },
    { properties: { x: { type: 'text' } } },
    { $ref: '#/nowhere' },
    { $ref: 'https://elsewhere.example/schema' },
    { $schema: 'http://json-schema.org/draft-07/schema#' },
    { properties: { x: { type: 'string', 'x-mcp-header': 'X' } } },
  ])('%j is none', (schema) => {
    expect(faultsOf(tool(schema)).join()).toMatch(/inputSchema|x-mcp-header/)
  })

  test('two tools may use one $id', () => {
    const schema = { type: 'object', $id: 'https://x.example/same' }
    const entry = { scopes: [], inputSchema: schema }
    expect(faultsOf(JSON.stringify({ a: entry, b: entry }))).toEqual([])
  })

  test('what does not fit is told by place, never by value', () => {
    const catalogue = parseTools(
      { TOOLS: tool({ properties: { x: { type: 'integer', maximum: 5 } }, required: ['y'] }) },
      compileTool,
    )
    const said = catalogue.get('a')?.validateInput({ x: 12_345 })
    expect(said).toContain('/x')
    expect(said).toContain("required property 'y'")
    expect(said).not.toContain('12345')
  })
})
