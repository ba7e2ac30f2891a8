import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileParamFaults } from '../../shared/catalogue/review/file-params.ts'
import {
  searchFetchAnswerFaults,
  searchFetchFaults,
} from '../../shared/catalogue/review/search-fetch.ts'
import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { ConfigError } from '../../shared/config.ts'
import { catalogueScopes, parseDocument } from '../../shared/tools.ts'
import { catalogueFolder } from '../support/catalogue-folder.ts'

type Json = Readonly<Record<string, unknown>>

const TOOL = { about: { scopes: [] } }
const UI = 'ui://a/b.html'

function read(catalogue: Json, files: Record<string, string | Buffer> = {}) {
  using folder = catalogueFolder({ tools: TOOL, ...catalogue }, files)
  return parseDocument({ TOOLS_FILE: folder.file }, (tool) => tool)
}

function faultsOf(catalogue: Json, files: Record<string, string | Buffer> = {}): string {
  try {
    read(catalogue, files)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.join('\n')
  }
}

describe('the server section', () => {
  test('is read, with a warning about an unknown member', () => {
    const server = { title: 'T', terms: 'https://a.example/terms', policy: null }
    const { warnings, ...read_ } = read({ server: { ...server, colour: 'red' } })
    expect(read_.server).toEqual({ title: 'T', terms: 'https://a.example/terms' })
    expect(warnings).toEqual(['server.colour: unknown member, ignored'])
  })

  test.each([
    [{ websiteUrl: 'http://a.example' }, 'server.websiteUrl: must be an https URL'],
    [{ documentation: 'docs' }, 'server.documentation: must be an https URL'],
    [{ policy: 'https://u:p@a.example' }, 'server.policy: must be an https URL'],
    [{ terms: 'javascript:alert(1)' }, 'server.terms: must be an https URL'],
    [{ icons: [{ src: 'http://a.example/i.png' }] }, 'server.icons.0.src: must be an https URL'],
    [{ name: '' }, 'server.name: must not be empty'],
    [{ version: 2 }, 'server.version: '],
    ['x', 'server must be a mapping'],
  ])('is invalid with %j', (server, fault) => {
    expect(faultsOf({ server })).toContain(fault)
  })
})

describe('resources of a catalogue', () => {
  const one = (entry: Json) => ({ resources: { [UI]: entry } })

  test.each<[string, Json, string]>([
    ['no source', one({}), 'must have exactly one of file, text and request, but has none'],
    ['two sources', one({ text: '', file: 'a.html' }), 'but has file and text'],
    ['a missing file', one({ file: 'x.html' }), '"x.html" cannot be read'],
    ['a folder as a file', one({ file: 'd' }), '"d" is not a file'],
    ['a file in the folder above', one({ file: '../x.html' }), 'must be a relative path'],
    ['an absolute path', one({ file: '/etc/hostname' }), 'must be a relative path'],
    ['a UI of another type', one({ text: '', mimeType: 'text/html' }), 'text/html;profile=mcp-app'],
    ['a UI that is not text', one({ file: 'd/a.png' }), 'must be HTML in UTF-8'],
    [
      'a name instead of a URI',
      { resources: { logo: { text: '' } } },
      'uri: must be an absolute URI',
    ],
    ['a URI without a name', { resources: { 'ui://': { text: '' } } }, 'uri: must be ui://NAME'],
    ['a skill URI', { resources: { 'skill://a/b': { text: '' } } }, 'come from skills'],
    ['a path with ..', one({ request: { url: '/a/../b' } }), 'a path under FUNCTIONS_BASE'],
    ['another host', one({ request: { url: '//evil.example/a' } }), 'a path under FUNCTIONS_BASE'],
    ['a CSP domain with a directive', csp('https://a.example;script-src *'), 'must be an origin'],
    ['a keyword as a CSP domain', csp("'unsafe-eval'"), 'must be an origin'],
    [
      'the same URI twice',
      { resources: [1, 2].map(() => ({ uri: UI, text: '' })) },
      'this URI occurs twice',
    ],
    ['neither a list nor a mapping', { resources: 7 }, 'resources must be a mapping'],
  ])('are invalid with %s', (_, catalogue, fault) => {
    expect(faultsOf(catalogue, { 'd/a.png': Buffer.from([0x89, 0xff]) })).toContain(fault)
  })

  function csp(domain: string): Json {
    return one({ text: '', _meta: { ui: { csp: { connectDomains: [domain] } } } })
  }

  test('are invalid with a link that leads out of the folder', () => {
    using folder = catalogueFolder({ tools: TOOL, ...one({ file: 'link.html' }) })
    const outside = join(tmpdir(), `outside-${process.pid}.html`)
    writeFileSync(outside, 'x')
    symlinkSync(outside, join(folder.folder, 'link.html'))
    expect(() => parseDocument({ TOOLS_FILE: folder.file }, (tool) => tool)).toThrow(
      '"link.html" is outside the folder of the catalogue',
    )
  })

  test('can have files only if the catalogue is a file', () => {
    const TOOLS = JSON.stringify({ tools: TOOL, ...one({ file: 'a.html' }) })
    expect(() => parseDocument({ TOOLS }, (tool) => tool)).toThrow('given by TOOLS_FILE')
  })

  test('are invalid with a file of more than 4 MiB', () => {
    const files = { 'a.html': Buffer.alloc(4 * 1024 * 1024 + 1, ' ') }
    expect(faultsOf(one({ file: 'a.html' }), files)).toContain('the maximum is 4194304')
  })

  test('have their own access, else the default, else that of their tools, else signed-in', () => {
    const text = { text: '' }
    const accessOf = (catalogue: Json) => read(catalogue).resources.map(({ access }) => access)
    const uses = (scopes: string[]) => ({ t: { scopes, _meta: { ui: { resourceUri: UI } } } })
    expect(accessOf({ ...one({ ...text, scopes: [] }), defaults: { scopes: ['a'] } })).toEqual([
      'public',
    ])
    expect(accessOf({ ...one(text), defaults: { scopes: ['a'] } })).toEqual(['signed-in'])
    expect(accessOf({ resources: { 'a:b': text } })).toEqual(['signed-in'])
    expect(accessOf({ ...one(text), tools: uses([]) })).toEqual(['public'])
    expect(accessOf({ ...one(text), tools: uses(['a']) })).toEqual(['signed-in'])
  })

  test('add their scopes to those of the catalogue', () => {
    const { tools } = read(one({ text: '', scopes: ['b', 'a'] }))
    expect(catalogueScopes(tools)).toEqual(['a', 'b'])
  })
})

describe('the UI of a tool', () => {
  const of = (_meta: Json) => ({
    tools: { t: { scopes: [], _meta } },
    resources: { [UI]: { text: '' } },
  })

  test.each([
    { ui: { resourceUri: UI } },
    { 'ui/resourceUri': UI },
    { 'openai/outputTemplate': UI },
  ])('is copied from %j to the other names', (meta) => {
    const { tools } = read(of({ ...meta, own: 1 }))
    expect(tools.get('t')?._meta).toEqual({
      own: 1,
      ui: { resourceUri: UI },
      'ui/resourceUri': UI,
      'openai/outputTemplate': UI,
    })
  })

  test.each<[Json, string]>([
    [{ ui: { resourceUri: 'ui://x' } }, '_meta.ui.resourceUri is not in resources: ui://x'],
    [{ 'openai/outputTemplate': 'ui://x' }, 'is not in resources'],
    [{ ui: { resourceUri: UI }, 'openai/outputTemplate': 'ui://x' }, 'name different resources'],
    [{ ui: { resourceUri: 'https://a.example' } }, 'must be a ui:// URI'],
    [{ ui: { visibility: ['user'] } }, '_meta.ui.visibility.0'],
  ])('is invalid with %j', (meta, fault) => {
    expect(faultsOf(of(meta))).toContain(fault)
  })

  test('is dropped with a warning if the catalogue has no resources', () => {
    const uri = 'ui://github-mcp-server/get-me'
    const meta = {
      own: 1,
      ui: { resourceUri: uri, visibility: ['model', 'app'] },
      'openai/outputTemplate': 'ui://other/widget.html',
      'openai/resultCanProduceWidget': true,
    }
    const tools = [
      { name: 'get_me', scopes: ['a'], _meta: meta },
      { name: 'list', scopes: ['a'], _meta: { 'ui/resourceUri': uri } },
    ]
    const found = read({ tools })
    expect(found.tools.get('get_me')?._meta).toEqual({
      own: 1,
      ui: { visibility: ['model', 'app'] },
    })
    expect(found.tools.get('list')?._meta).toEqual({})
    expect(found.resources).toEqual([])
    expect(found.warnings).toEqual([
      `tool "get_me": _meta.ui.resourceUri: the catalogue has no resources, ignored: ${uri}`,
      'tool "get_me": _meta.openai/outputTemplate: the catalogue has no resources, ignored: ui://other/widget.html',
      `tool "list": _meta.ui/resourceUri: the catalogue has no resources, ignored: ${uri}`,
    ])
    expect(faultsOf({ tools, resources: {} })).toContain('Add the resource, or remove the member')
  })

  test('causes a warning if csp is on the tool, because hosts read it from the resource', () => {
    expect(read(of({ ui: { resourceUri: UI, csp: {} } })).warnings).toEqual([
      'tool "t": _meta.ui.csp: hosts read it from the resource, not from the tool',
    ])
  })
})

describe('skills of a catalogue', () => {
  const skill = (name: string, more = '') => `---\nname: ${name}\ndescription: Does.\n${more}---\n`
  const many = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`s/s${n}/SKILL.md`, skill(`s${n}`)]),
    )
  const KIB = 1024

  test.each<[string, Record<string, string | Buffer>, string]>([
    ['no SKILL.md', { 's/a/x.md': '' }, 'no SKILL.md in s'],
    ['six skills', many(6), 'skills has 6 skills; the maximum is 5'],
    ['no frontmatter', { 's/a/SKILL.md': '# A' }, 'must begin with frontmatter'],
    [
      'a name that differs from the folder',
      { 's/a/SKILL.md': skill('b') },
      'must equal the name of the folder',
    ],
    ['a name in capitals', { 's/a/SKILL.md': skill('A') }, '1 to 64 lower-case letters'],
    ['no description', { 's/a/SKILL.md': '---\nname: a\n---\n' }, 'the description must be'],
    ['malformed YAML', { 's/a/SKILL.md': '---\na: [\n---\n' }, 'must be a mapping in YAML'],
    [
      'keys inside keys',
      { 's/a/SKILL.md': `---\n${'? '.repeat(600)}a\n---\n` },
      'must be a mapping',
    ],
    ['a number in metadata', { 's/a/SKILL.md': skill('a', 'metadata: {n: 1}\n') }, 'map strings'],
    [
      'a SKILL.md of more than 256 KiB',
      { 's/a/SKILL.md': skill('a') + ' '.repeat(256 * KIB) },
      'the maximum is 262144',
    ],
    [
      'a file of more than 1 MiB',
      { 's/a/SKILL.md': skill('a'), 's/a/b.bin': Buffer.alloc(1024 * KIB + 1) },
      'the maximum is 1048576',
    ],
    [
      'more than 5 MiB',
      {
        's/a/SKILL.md': skill('a'),
        ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`s/a/${n}`, Buffer.alloc(1024 * KIB)])),
      },
      'the maximum is 5242880',
    ],
    [
      'more than 100 files',
      {
        's/a/SKILL.md': skill('a'),
        ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`s/a/${n}.md`, ''])),
      },
      'has more than 100 files',
    ],
  ])('are invalid with %s', (_, files, fault) => {
    expect(faultsOf({ skills: ['s'] }, files)).toContain(fault)
  })

  test('can be named by their folder, their SKILL.md or the parent folder', () => {
    const files = { 's/a/SKILL.md': skill('a') }
    for (const path of ['s', 's/a', 's/a/', 's/a/SKILL.md']) {
      const { skills } = read({ skills: { any: { path, scopes: ['x'] } } }, files)
      expect(skills).toMatchObject([{ skill: { uri: 'skill://a/SKILL.md' }, scopes: ['x'] }])
    }
  })
})

describe('a compiled catalogue', () => {
  test('contains files, skills and links, and for other functions only links and scopes', () => {
    const files = { 'a.html': '<p>', 's/SKILL.md': '---\nname: s\ndescription: d\n---\n' }
    const server = { title: 'T', terms: 'https://a.example/terms' }
    const catalogue = {
      server,
      resources: { [UI]: { file: 'a.html', scopes: ['r'] } },
      skills: ['s'],
    }
    using folder = catalogueFolder({ tools: TOOL, ...catalogue }, files)
    const source = { TOOLS_FILE: folder.file }
    const whole = parseDocument({ TOOLS: compileCatalogue(source) }, (tool) => tool)
    const direct = parseDocument(source, (tool) => tool)
    expect(JSON.parse(JSON.stringify(whole))).toEqual(JSON.parse(JSON.stringify(direct)))
    expect(whole.resources[0]?.source).toEqual({ content: { text: '<p>' } })

    const access = parseDocument({ TOOLS: compileCatalogue(source, 'access') }, (tool) => tool)
    expect(access).toMatchObject({ resources: [], skills: [], server: { terms: server.terms } })
    expect(access.server).not.toHaveProperty('title')
    expect(catalogueScopes(access.tools)).toEqual(['r'])
  })
})

describe('the review rules', () => {
  const file = {
    type: 'object',
    properties: Object.fromEntries(
      ['download_url', 'file_id', 'mime_type', 'file_name'].map((name) => [
        name,
        { type: 'string' },
      ]),
    ),
    required: ['download_url', 'file_id'],
    additionalProperties: false,
  }
  const faults = (named: unknown, properties: Json) =>
    fileParamFaults({
      _meta: { 'openai/fileParams': named },
      inputSchema: { type: 'object', properties, $defs: { file } },
    })

  test('accept an object, a list and a reference as file arguments', () => {
    const reference = { $ref: '#/$defs/file' }
    const properties = { a: file, b: { type: 'array', items: reference }, c: reference }
    expect(faults(['a', 'b', 'c'], properties)).toEqual([])
  })

  test.each<[string, unknown, Json, string]>([
    ['a name instead of a list', 'a', { a: file }, 'must be a list of argument names'],
    ['an unknown argument', ['b'], { a: file }, 'b is not an argument'],
    [
      'a string argument',
      ['a'],
      { a: { type: 'string' } },
      'must be an object, or a list of objects',
    ],
    ['missing properties', ['a'], { a: { ...file, properties: {} } }, 'must declare download_url'],
    [
      'too many required properties',
      ['a'],
      { a: { ...file, required: Object.keys(file.properties) } },
      'exactly',
    ],
    [
      'a property without a type',
      ['a'],
      { a: { ...file, properties: { ...file.properties, file_id: {} } } },
      'must declare as string: file_id',
    ],
    ['a reference to a missing schema', ['a'], { a: { $ref: '#/$defs/x' } }, 'must be an object'],
  ])('reject file arguments with %s', (_, named, properties, fault) => {
    expect(faults(named, properties).join()).toContain(fault)
  })

  test('cause a warning at startup for invalid file arguments', () => {
    const tools = { t: { scopes: [], _meta: { 'openai/fileParams': ['a'] } } }
    expect(read({ tools }).warnings).toEqual([
      'tool "t": openai/fileParams: a is not an argument of the inputSchema',
    ])
  })

  const inputOf = (name: string) => ({
    type: 'object',
    properties: { [name]: { type: 'string' } },
    required: [name],
  })
  const readOnly = { readOnlyHint: true }
  const search = { name: 'search', inputSchema: inputOf('query'), annotations: readOnly }
  const fetch = { name: 'fetch', inputSchema: inputOf('id'), annotations: readOnly }

  test('accept search and fetch, and require that other tools are read-only', () => {
    const other = { name: 'add', inputSchema: { type: 'object' } }
    expect(searchFetchFaults([search, fetch])).toEqual([])
    expect(searchFetchFaults([other])).toEqual([])
    expect(searchFetchFaults([search, fetch, other])).toEqual([
      'add: must be read-only: annotations: {readOnlyHint: true}',
    ])
    expect(searchFetchFaults([search])).toHaveLength(1)
    expect(searchFetchFaults([search, { ...fetch, inputSchema: inputOf('url') }])).toEqual([
      'fetch: the inputSchema must have exactly one argument: id, a required string',
    ])
  })

  test('check the results of search and fetch', () => {
    const result = { id: '1', title: 't', url: 'https://a.example/1' }
    expect(searchFetchAnswerFaults('search', { results: [result] })).toEqual([])
    expect(searchFetchAnswerFaults('fetch', { ...result, text: 'x', metadata: {} })).toEqual([])
    expect(searchFetchAnswerFaults('search', { results: [{ ...result, id: 1 }] })).toEqual([
      'search: results.0: id must be a string',
    ])
    expect(searchFetchAnswerFaults('fetch', result)).toEqual(['fetch: text must be a string'])
    expect(searchFetchAnswerFaults('search', [])).toEqual(['search: must return an object'])
  })
})
