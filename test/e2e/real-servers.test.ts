import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { type ChatGpt, createChatGpt } from '../support/chatgpt.ts'
import { type Connected, connectV1, connectV2 } from '../support/connect.ts'
import { handshakeMessage } from '../support/http/serve.ts'
import { ALICE } from '../support/people.ts'
import { type RealServer, type RealTool, startRealServer } from '../support/real-server.ts'
import { postMcp, startOnFreePorts } from '../support/system.ts'

type Result = RealServer['results'][number]
type Call = readonly [tool: string, args: Readonly<Record<string, unknown>>]

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
// The filesystem server compares resolved paths.
const FILES = realpathSync(mkdtempSync(join(tmpdir(), 'files-')))
const NOTE = join(FILES, 'note.txt')
writeFileSync(NOTE, 'one\ntwo\nthree\n')
writeFileSync(join(FILES, 'dot.png'), Buffer.from(PNG, 'base64'))
afterAll(() => rmSync(FILES, { recursive: true }))

const EVERYTHING: readonly Call[] = [
  ['echo', { message: 'Grüße, 世界' }],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-resource-links', { count: 3 }],
  ['get-resource-reference', { resourceType: 'Blob', resourceId: 2 }],
  ['get-resource-reference', {}],
  ['get-structured-content', { location: 'Chicago' }],
  ['get-sum', { a: 0.1, b: 0.2 }],
  ['get-tiny-image', {}],
  [
    'gzip-file-as-resource',
    { name: 'hello.gz', data: 'data:text/plain;base64,aGVsbG8=', outputType: 'resource' },
  ],
  ['trigger-long-running-operation', { duration: 0.1, steps: 1 }],
]
const FILESYSTEM: readonly Call[] = [
  ['list_allowed_directories', {}],
  ['read_file', { path: NOTE, head: 1 }],
  ['read_text_file', { path: NOTE, tail: 1 }],
  ['read_media_file', { path: join(FILES, 'dot.png') }],
  ['read_multiple_files', { paths: [NOTE, join(FILES, 'missing.txt')] }],
  ['list_directory', { path: FILES }],
  ['list_directory_with_sizes', { path: FILES, sortBy: 'size' }],
  ['directory_tree', { path: FILES, excludePatterns: ['*.png'] }],
  ['search_files', { path: FILES, pattern: '*.txt' }],
  ['get_file_info', { path: NOTE }],
  ['create_directory', { path: join(FILES, 'folder') }],
  ['write_file', { path: join(FILES, 'folder/new.txt'), content: 'new\n' }],
  ['edit_file', { path: NOTE, edits: [{ oldText: 'two', newText: '2' }], dryRun: true }],
  // A result with isError.
  ['read_text_file', { path: '/etc/passwd' }],
  ['read_text_file', { path: join(FILES, 'missing.txt') }],
]

describe.each([
  {
    server: '@modelcontextprotocol/server-everything',
    args: ['stdio'],
    count: 13,
    calls: EVERYTHING,
    wrong: ['get-sum', { a: 'one', b: 2 }] as const,
    kinds: ['image', 'resource', 'resource_link', 'structured', 'text'],
  },
  {
    server: '@modelcontextprotocol/server-filesystem',
    args: [FILES],
    count: 14,
    calls: FILESYSTEM,
    wrong: ['read_multiple_files', { paths: [] }] as const,
    kinds: ['error', 'image', 'structured', 'text'],
  },
])('$server behind the gateway', ({ server, args, count, calls, wrong, kinds }) => {
  let real: RealServer
  let system: System
  let directory: string
  let chatGpt: ChatGpt
  beforeAll(async () => {
    real = await startRealServer(server, args)
    directory = mkdtempSync(join(tmpdir(), 'real-'))
    const file = join(directory, 'tools.json')
    writeFileSync(file, JSON.stringify({ ...real.listed, defaults: { scopes: ['tools:call'] } }))
    system = await startOnFreePorts({ TOOLS_FILE: file, FUNCTIONS_BASE: real.url })
    chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
  })
  afterAll(async () => {
    await system?.stop()
    await real?.[Symbol.asyncDispose]()
    if (directory !== undefined) rmSync(directory, { recursive: true })
  })

  const CLIENTS: readonly [string, (url: string, who: ChatGpt) => Promise<Connected>][] = [
    ['a client with SDK 2.x (2026-07-28)', (url, who) => connectV2(url, who)],
    ['a client with SDK 2.x and initialize', (url, who) => connectV2(url, who, 'legacy')],
    ['a client with SDK 1.x', connectV1],
  ]

  test.each(CLIENTS)('lists all tools and returns unchanged results to %s', async (_, connect) => {
    const client = await connect(`${system.url}/mcp`, chatGpt)
    const listed = await client.listTools()
    expect(real.listed.tools).toHaveLength(count)
    expect(listed).toEqual(real.listed.tools.map(({ name }) => name))

    for (const [tool, args] of calls) {
      const answer = await client.callTool(tool, args)
      const given = real.results.at(-1)
      expect(given, tool).toMatchObject({ content: expect.any(Array) })
      expect(answer.content, tool).toEqual(given?.['content'])
      expect(answer.structuredContent, tool).toEqual(given?.['structuredContent'])
      expect(answer.isError ?? false, tool).toBe(given?.['isError'] ?? false)
    }
    await client.close()
  })

  test('lists the tools with their original descriptions and schemas in JSON Schema 2020-12', async () => {
    const authorization = `Bearer ${chatGpt.accessToken()}`
    const answer = await postMcp(system, handshakeMessage('tools/list'), { authorization })
    const { result } = (await answer.json()) as { readonly result: RealServer['listed'] }
    expect(result.tools.map(described)).toEqual(real.listed.tools.map(described))
    const schemas = result.tools.flatMap(({ inputSchema, outputSchema = {} }) => [
      inputSchema,
      outputSchema,
    ])
    for (const { $schema = DIALECT } of schemas) expect($schema).toBe(DIALECT)
  })

  test('does not receive calls with invalid arguments', async () => {
    const client = await connectV2(`${system.url}/mcp`, chatGpt)
    const before = real.results.length
    expect(await client.callTool(wrong[0], wrong[1])).toMatchObject({ isError: true })
    expect(real.results).toHaveLength(before)
    await client.close()
  })

  test('has returned every kind of result in these tests', () => {
    expect([...new Set(real.results.flatMap(kindsOf))].sort()).toEqual(kinds)
  })
})

/** A tool without `$schema` and without the members that the gateway adds. */
function described({ name, title, description, annotations, ...schemas }: RealTool) {
  const { $schema: _, ...inputSchema } = schemas.inputSchema
  const { $schema: __, ...outputSchema } = schemas.outputSchema ?? {}
  return { name, title, description, annotations, inputSchema, outputSchema }
}

function kindsOf({ content, structuredContent, isError }: Result): string[] {
  const blocks = content as readonly { readonly type: string }[]
  return [
    ...blocks.map(({ type }) => type),
    ...(structuredContent === undefined ? [] : ['structured']),
    ...(isError === true ? ['error'] : []),
  ]
}
