import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseCatalogue } from '../../shared/tools.ts'
import { directory, run } from './run.ts'

const HEAD = 'openapi: 3.1.0\nservers: [{ url: https://api.example.com }]\n'
const ONE = `${HEAD}paths:\n  /x:\n    get: { operationId: x, responses: {} }\n`

function file(text: string, name = 'openapi.yaml', path = directory()): string {
  writeFileSync(join(path, name), text)
  return join(path, name)
}

/** Eight nested lists, each with ten aliases of the one before. */
function bomb(): string {
  const list = (name: string, inner: string) =>
    `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(', ')}]\n`
  const names = [...'abcdefgh']
  const lists = names.map((name, index) => list(name, index === 0 ? '1' : `*${names[index - 1]}`))
  return `${ONE}${lists.join('')}`
}

describe('npm run import', () => {
  test.each([
    [[]],
    [['a.yaml', 'b.yaml']],
    [['a.yaml', '--nothing']],
    [['a.yaml', '--include', 'pets']],
    [['a.yaml', '--public', '--signed-in']],
    [['a.yaml', '--default-scopes', 'a"b']],
    [['a.yaml', '--server-variable', 'x']],
    [['a.yaml', '--dry-run']],
  ])('exits with 2 and prints the usage for %s', async (args) => {
    const { code, errors } = await run(...args)
    expect(code).toBe(2)
    expect(errors).toContain('Usage: npm run import')
  })

  test('prints the usage for --help', async () => {
    const { code, output } = await run('--help')
    expect([code, output.split('\n', 1)[0]]).toEqual([
      0,
      'Usage: npm run import -- FILE|URL [options]',
    ])
  })

  test('prints a catalogue that the gateway accepts, and the report on standard error', async () => {
    const { code, output, errors } = await run(file(ONE), '--public')
    expect(code).toBe(0)
    expect([...parseCatalogue({ TOOLS: output }).keys()]).toEqual(['x'])
    expect(errors).toBe('1 tool\n')
  })

  test('exits with 1 if neither the document nor an option declares access', async () => {
    const { code, output, errors } = await run(file(ONE))
    expect([code, output]).toEqual([1, ''])
    expect(errors).toContain('pass --default-scopes, --signed-in or --public')
  })

  test.each([
    ['missing', undefined, /ENOENT/],
    ['not OpenAPI', 'a: 1', /neither openapi nor swagger/],
    ['not YAML', 'a: [', /./],
    ['expanded by nested aliases', bomb(), /aliases expand without limit/],
    [
      'full of keys inside keys',
      `a: &b 1\nc: *b\n? ${'? '.repeat(600)}d\n`,
      /a sequence inside a key/,
    ],
    ['of an older version', 'swagger: "1.2"', /OpenAPI 1.2/],
  ])('exits with 1 for a document that is %s', async (_, content, message) => {
    const source = content === undefined ? join(directory(), 'nowhere.yaml') : file(content)
    const { code, errors } = await run(source, '--public')
    expect(code).toBe(1)
    expect(errors).toMatch(message)
  })

  test('exits with 1 for a URL of another scheme', async () => {
    const { code, errors } = await run('ftp://example.com/a.yaml', '--public')
    expect([code, errors]).toEqual([1, 'only http and https URLs are supported\n'])
  })
})

describe('a reference to another file', () => {
  const schema = '{ type: object, properties: { next: { $ref: "#/Item" } } }'

  test('is relative to the file that contains it', async () => {
    const path = directory()
    mkdirSync(join(path, 'parts'))
    file('get: { operationId: spaced, responses: {} }', '100% a b.yaml', path)
    file(`Item: ${schema}\n`, 'parts/item.yaml', path)
    file('get:\n  $ref: ignored.yaml\n  operationId: y\n  responses: {}\n', 'parts/bad.yaml', path)
    file(
      'get:\n  operationId: y\n  responses:\n    "200":\n      content:\n        application/json: { schema: { $ref: item.yaml#/Item } }\n',
      'parts/path.yaml',
      path,
    )
    const main = file(
      `${HEAD}paths: { /y: { $ref: parts/path.yaml }, /z: { $ref: "100%25 a b.yaml" } }\n`,
      'open api.yaml',
      path,
    )
    const { code, output } = await run(main, '--public')
    expect(code).toBe(0)
    expect([...parseCatalogue({ TOOLS: output }).keys()]).toEqual(['y', 'spaced'])
    expect(parseCatalogue({ TOOLS: output }).get('y')?.outputSchema).toEqual({
      type: 'object',
      properties: { next: { $ref: '#/$defs/Item' } },
      $defs: { Item: { type: 'object', properties: { next: { $ref: '#/$defs/Item' } } } },
    })
  })

  test('omits only its own operation if the file is missing', async () => {
    const main = file(
      `${ONE}    post:\n      operationId: z\n      requestBody: { $ref: missing.yaml }\n      responses: {}\n`,
    )
    const { code, errors } = await run(main, '--public')
    expect(code).toBe(0)
    expect(errors).toContain(
      'omitted 1: the file of the reference "missing.yaml" could not be read',
    )
  })

  test('is escaped in the report if it contains control characters', async () => {
    const main = file(
      `${ONE}    post:\n      operationId: z\n      requestBody: { $ref: "mis\\u202esing\\e[2J.yaml" }\n      responses: {}\n`,
    )
    const { code, errors } = await run(main, '--public')
    expect(code).toBe(0)
    expect(errors).toContain('the reference "mis\\u202esing\\u001b[2J.yaml" could not be read')
    expect(errors).toContain('/mis\\u202esing [2J.yaml cannot be read')
    expect(errors).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u)
  })

  async function serve(answers: Readonly<Record<string, string | { location: string }>>) {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const answer = answers[request.url ?? '']
      if (answer === undefined) response.writeHead(404).end()
      else if (typeof answer === 'string') response.end(answer)
      else response.writeHead(302, answer).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
  }

  test('is relative to the URL of the document, also after a redirect, and so is the server', async () => {
    const { origin } = await serve({
      '/start': { location: '/docs/openapi.yaml' },
      '/start/': 'x',
      '/docs/openapi.yaml': ONE,
      '/api.yaml':
        'openapi: 3.0.3\nservers: [{ url: ../v2 }]\npaths: { /x: { $ref: "deep/path.yaml#/item" } }',
      '/deep/path.yaml':
        'item: { get: { operationId: x, parameters: [{ $ref: "../size.json" }], responses: {} } }',
      '/size.json': '{"name":"size","in":"query","schema":{"type":"integer"}}',
    })
    expect((await run(`${origin}/start`, '--public')).code).toBe(0)
    const { output } = await run(`${origin}/api.yaml`, '--public', '--json')
    expect(JSON.parse(output).catalogue.tools.x).toMatchObject({
      inputSchema: { properties: { size: { type: 'integer' } } },
      request: { url: `${origin}/v2/x`, parameters: [{ name: 'size', in: 'query' }] },
    })
  })

  test('does not read a local file if the document is from the network', async () => {
    const secret = file('{"type":"string","description":"SECRET"}', 'secret.json')
    const { origin } = await serve({
      '/api.yaml': `${ONE}    post: { operationId: z, requestBody: { content: { application/json: { schema: { $ref: "file://${secret}" } } } }, responses: {} }\n`,
    })
    const { output } = await run(`${origin}/api.yaml`, '--public', '--json')
    expect(output).not.toContain('SECRET')
    expect(JSON.parse(output).leftOut[0].reason).toContain('could not be read')
  })
})

describe('--out', () => {
  const text = (description: string, more = '') =>
    `${HEAD}paths:\n  /x:\n    get: { operationId: x, summary: Get x, description: ${description}, responses: {} }\n  /y:\n    get: { operationId: y, summary: Get y, responses: {} }\n${more}`

  async function first() {
    const path = directory()
    const source = file(text('One.'), 'openapi.yaml', path)
    const out = join(path, 'tools.yaml')
    const { code } = await run(source, '--public', '--out', out)
    expect(code).toBe(0)
    const edit = (change: (text: string) => string) =>
      writeFileSync(out, change(readFileSync(out, 'utf8')))
    const again = async (...args: readonly string[]) => {
      const result = await run(source, '--public', '--out', out, ...args)
      const catalogue = parseCatalogue({ TOOLS_FILE: out })
      return { ...result, catalogue, written: readFileSync(out, 'utf8') }
    }
    return { path, source, out, edit, again }
  }

  test('writes the catalogue, and a second run changes nothing', async () => {
    const { out, again } = await first()
    const before = readFileSync(out, 'utf8')
    const { output, written, catalogue } = await again()
    expect(written).toBe(before)
    expect([...catalogue.keys()]).toEqual(['x', 'y'])
    expect(output).toBe(`2 tools in ${out}\nno changes\n`)
  })

  test('keeps edits, comments and added members when the document changes', async () => {
    const { edit, again, path } = await first()
    edit((old) =>
      `# Reviewed.\ndefaults: { timeoutMs: 5000 }\n${old}`
        .replace('title: Get x', 'title: Mine # as we call it')
        .replace('  y:', '  # kept\n  y:\n    rateLimit: { perMinute: 5 }'),
    )
    file(text('Two.', '  /z:\n    get: { operationId: z, responses: {} }\n'), 'openapi.yaml', path)
    const { output, catalogue, written } = await again()
    expect(catalogue.get('x')).toMatchObject({ title: 'Mine', timeoutMs: 5000 })
    expect(catalogue.get('x')?.description).toContain('Two.')
    expect(catalogue.get('y')?.rateLimit).toMatchObject({ perMinute: 5 })
    expect(written).toMatch(/# Reviewed\.[\s\S]*# as we call it[\s\S]*# kept/)
    expect(output.split('\n').slice(1, -1)).toEqual([
      '= x.title (kept: was edited manually)',
      '~ x.description',
      '+ z (GET /z)',
    ])
  })

  test('keeps an edit even if the document changes the same member', async () => {
    const { edit, again, path } = await first()
    edit((old) => old.replace('One.', 'Ours.'))
    file(text('Two.'), 'openapi.yaml', path)
    const { output, catalogue } = await again()
    expect(catalogue.get('x')?.description).toContain('Ours.')
    expect(output).toContain('the document has changed too')
  })

  test('keeps an edit of the access', async () => {
    const { edit, again } = await first()
    edit((old) => old.replace('scopes: []', 'securitySchemes: [{ type: oauth2, scopes: [mine] }]'))
    const { catalogue } = await again()
    expect(catalogue.get('x')).toMatchObject({ access: 'signed-in', scopes: ['mine'] })
  })

  test('keeps a changed name and a removal when the document moves to another file', async () => {
    const { edit, source, path, out } = await first()
    edit((old) => old.slice(0, old.indexOf('  y:')).replace('  x:', '  betterName:'))
    const moved = file(readFileSync(source, 'utf8'), 'openapi-v2.yaml', path)
    for (const _ of [1, 2]) {
      const { output } = await run(moved, '--public', '--out', out)
      expect([...parseCatalogue({ TOOLS_FILE: out }).keys()]).toEqual(['betterName'])
      expect(output).toContain('= y (kept: was removed manually)')
    }
  })

  test('keeps the tool of an operation that could not be resolved this time', async () => {
    const { again, path } = await first()
    file(
      text('One.').replace(/\/y:\n.*\n/, '/y:\n    get: { $ref: missing.yaml }\n'),
      'openapi.yaml',
      path,
    )
    const { catalogue, output } = await again()
    expect([...catalogue.keys()]).toEqual(['x', 'y'])
    expect(output).toContain('= y (kept: a reference of its operation could not be resolved)')
  })

  test('does not add a tool again that was removed manually, and keeps a changed name', async () => {
    const { edit, again } = await first()
    edit((old) => old.slice(0, old.indexOf('  y:')).replace('  x:', '  betterName:'))
    for (const _ of [1, 2]) {
      const { catalogue, output } = await again()
      expect([...catalogue.keys()]).toEqual(['betterName'])
      expect(output).toContain('= y (kept: was removed manually)')
    }
  })

  test('removes a tool that is no longer in the document unless it was edited', async () => {
    const { again, edit, path } = await first()
    file(ONE.replaceAll('x', 'w'), 'openapi.yaml', path)
    edit((old) => old.replace('Get y', 'Ours'))
    const { catalogue, output } = await again()
    expect([...catalogue.keys()]).toEqual(['y', 'w'])
    expect(output).toContain('- x (GET /x)')
  })

  test('keeps a tool that was written manually, also when all other tools are removed', async () => {
    const { again, edit, path } = await first()
    const tool =
      '  # ours\n  own:\n    description: Ours.\n    scopes: [ mine ]\n    timeoutMs: 7\n'
    edit((old) => old.replace('tools:\n', `tools:\n${tool}`))
    for (const document of [text('One.'), text('Two.'), ONE.replaceAll('x', 'w')]) {
      file(document, 'openapi.yaml', path)
      const { catalogue, written, output } = await again()
      expect(catalogue.get('own')).toMatchObject({
        description: 'Ours.',
        scopes: ['mine'],
        timeoutMs: 7,
      })
      expect(written).toContain(tool)
      expect(output).not.toContain('own')
    }
    expect([...(await again()).catalogue.keys()]).toEqual(['own', 'w'])
  })

  test('does not change the tools of another document', async () => {
    const { again, path, out } = await first()
    const other = file(ONE.replaceAll('x', 'w'), 'other.yaml', path)
    await run(other, '--public', '--out', out)
    expect([...(await again()).catalogue.keys()]).toEqual(['x', 'y', 'w'])
  })

  test('shows the changes and writes nothing with --dry-run', async () => {
    const { again, path, out } = await first()
    file(text('Two.'), 'openapi.yaml', path)
    const before = readFileSync(out, 'utf8')
    const { output, written } = await again('--dry-run')
    expect(written).toBe(before)
    expect(output).toContain('~ x.description')
    const unborn = join(path, 'unborn.yaml')
    await run(join(path, 'openapi.yaml'), '--public', '--out', unborn, '--dry-run')
    expect(existsSync(unborn)).toBe(false)
  })

  test('advises JSON if the YAML catalogue is large', async () => {
    const { path } = await first()
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => `/${index}: { get: *op }`).join(', ')
    const schema = `{ type: object, properties: { a: { const: ${'x'.repeat(500_000)} } } }`
    const large = (count: number) =>
      `${HEAD}x-op: &op { responses: { "200": { content: { application/json: { schema: ${schema} } } } } }\npaths: { ${names(count)} }\n`
    const warningsOf = async (count: number, name: string) => {
      const source = file(large(count), 'large.yaml', path)
      const result = await run(source, '--public', '--out', join(path, name))
      return result.output.split('\n').filter((line) => line.startsWith('warning: the catalogue'))
    }
    expect(await warningsOf(5, 'small.yaml')).toEqual([])
    expect(await warningsOf(9, 'large.yaml')).toEqual([
      expect.stringMatching(/takes several times as long as JSON.*--out tools.json/),
    ])
    expect(await warningsOf(34, 'huge.yaml')).toEqual([
      expect.stringMatching(/accepts 16 MiB of YAML at most.*--out tools.json/),
    ])
    expect(await warningsOf(34, 'huge.json')).toEqual([])
  })

  test('writes JSON to a file whose name ends in .json', async () => {
    const { path, source } = await first()
    const out = join(path, 'tools.json')
    await run(source, '--public', '--out', out)
    expect(Object.keys(JSON.parse(readFileSync(out, 'utf8')).tools)).toEqual(['x', 'y'])
  })

  test.each(['- 1\n', `tools: {? {? {a: 1} : 1} : 1}\n`])(
    'does not overwrite a file that is not a catalogue: %j',
    async (text) => {
      const { path, source } = await first()
      const out = file(text, 'list.yaml', path)
      expect((await run(source, '--public', '--out', out)).code).toBe(1)
      expect(readFileSync(out, 'utf8')).toBe(text)
    },
  )
})
