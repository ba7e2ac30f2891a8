import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../../../../functions/gateway/backend/argument-error.ts'
import { planBackend } from '../../../../functions/gateway/backend/backend-request.ts'
import { compileTool } from '../../../../functions/gateway/callable-tool.ts'
import { parseTools } from '../../../../shared/tools.ts'

const BASE = 'https://backend.test/base'

/** Returns a function that makes the request of a tool with the argument `value`. */
function toolWith(request: object) {
  const inputSchema = { type: 'object', properties: { value: {} } }
  const TOOLS = JSON.stringify({ t: { scopes: [], inputSchema, request } })
  const tools = parseTools({ TOOLS }, compileTool)
  const plan = planBackend(tools.get('t') ?? expect.fail('no tool'), BASE)
  return (value: unknown) => {
    const body = JSON.stringify({ value })
    return plan.make(body, JSON.parse(body))
  }
}
const inPlace = (place: string, more: object = {}) =>
  toolWith({
    method: 'GET',
    url: place === 'path' ? '/a/{value}/z' : '/a',
    parameters: [{ name: 'value', in: place, ...more }],
  })

/** The result of `make`, or undefined if it rejects the argument. */
function orRefused<Made>(make: () => Made): Made | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof ArgumentError) return undefined
    throw error
  }
}

const PIECES = ['.', '..', '/', '\\', '%', '%2e', '%2F', '%252e', ';', '?', '#', '&', '=', '+', '@']
const MORE = ['\r\n', '\0', ' ', ':', '//', 'host', 'é', '\u{1f600}', '\ud800', '\u2028', '{value}']
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 8 }).map((all) => all.join('')),
)
const anything = fc.oneof(text, fc.array(text), fc.dictionary(text, text), fc.jsonValue())

describe('a path parameter', () => {
  test.each([
    ['.'],
    ['..'],
    [''],
    ['../x'],
    ['a/../../b'],
    ['a\\..\\b'],
    ['%2e%2e'],
    ['%2E%2e/x'],
    ['%252e%252e%252fx'],
    ['..;/x'],
    ['x/.'],
    ['a\r\nb'],
    ['\0'],
    ['\ud800'],
    [null],
    [[]],
    [['a', '']],
    [['..']],
    [{}],
  ])('rejects %j', (value) => {
    expect(() => inPlace('path')(value)).toThrow(ArgumentError)
  })

  test.each([
    ['a/b', 'a%2Fb'],
    ['a\\b', 'a%5Cb'],
    ['100%', '100%25'],
    ['...', '...'],
    ['.git', '.git'],
    ['v1..v2', 'v1..v2'],
    ['a?b#c', 'a%3Fb%23c'],
    ['//evil.example', '%2F%2Fevil.example'],
    ['@evil.example', '%40evil.example'],
    [';a=b', '%3Ba%3Db'],
    ["(it's)!*", '%28it%27s%29%21%2A'],
  ])('keeps %j in its segment', (value, segment) => {
    expect(inPlace('path')(value).path).toBe(`/base/a/${segment}/z`)
  })

  test.each(['simple', 'label', 'matrix'])(
    'does not change the segments of the path with any value in style %s',
    (style) => {
      const make = inPlace('path', { style, explode: true })
      fc.assert(
        fc.property(anything, (value) => {
          const sent = orRefused(() => make(value))
          if (sent === undefined) return
          const { href, pathname, origin } = new URL(sent.url)
          expect(href).toBe(sent.url)
          expect(origin).toBe('https://backend.test')
          expect(pathname.split('/')).toEqual(['', 'base', 'a', expect.stringMatching(/./), 'z'])
          expect(sent.path).toBe(pathname)
        }),
      )
    },
  )

  test('cannot form a dot segment together with another one', () => {
    const inputSchema = { type: 'object', properties: { a: {}, b: {} } }
    const parameters = [...'ab'].map((name) => ({ name, in: 'path' }))
    const request = { method: 'GET', url: '/{a}{b}', parameters }
    const TOOLS = JSON.stringify({ t: { scopes: [], inputSchema, request } })
    const tool = parseTools({ TOOLS }, compileTool).get('t') ?? expect.fail('no tool')
    expect(() => planBackend(tool, BASE).make('', { a: '.', b: '.' })).toThrow(ArgumentError)
  })
})

describe('a query parameter', () => {
  test.each(['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'])(
    'contains exactly the given text in style %s',
    (style) => {
      for (const allowReserved of [false, true]) {
        const make = inPlace('query', { style, allowReserved })
        fc.assert(
          fc.property(text, (value) => {
            const sent = orRefused(() => make(value))
            expect(sent === undefined).toBe(!value.isWellFormed())
            if (sent === undefined) return
            const url = new URL(`https://backend.test${sent.path}`)
            expect([...url.searchParams]).toEqual([['value', value]])
            expect([url.pathname, url.hash]).toEqual(['/base/a', ''])
          }),
        )
      }
    },
  )

  test('cannot set another parameter with an exploded object', () => {
    const properties = { filter: {}, user: {} }
    const parameters = Object.keys(properties).map((name) => ({ name, in: 'query' }))
    const request = { method: 'GET', url: '/?tenant=1', parameters }
    const TOOLS = JSON.stringify({
      t: { scopes: [], inputSchema: { type: 'object', properties }, request },
    })
    const tool = parseTools({ TOOLS }, compileTool).get('t') ?? expect.fail('no tool')
    const make = (filter: object) => planBackend(tool, BASE).make('', { filter }).query
    expect(make({ a: 1 })).toBe('tenant=1&a=1')
    for (const name of ['user', 'tenant']) {
      expect(() => make({ [name]: 'x' })).toThrow('another parameter')
    }
  })
})

describe('header fields and cookies', () => {
  test.each(['a\r\nX: y', 'a\nb', 'a\rb', 'a\0b', '\u007f', '日', '\u0085'])(
    'reject %j with an error that names the argument but not its value',
    (value) => {
      expect(() => inPlace('header')(value)).toThrow(
        'argument "value" must be one line of Latin-1 characters: it is a header field',
      )
    },
  )

  test('contain one line for any value', () => {
    for (const explode of [false, true]) {
      const make = inPlace('header', { explode })
      fc.assert(
        fc.property(anything, (value) => {
          const field = orRefused(() => make(value))?.headers['value']
          if (field !== undefined) expect(field).toMatch(/^[\t\x20-\x7e\xa0-\xff]*$/)
        }),
      )
    }
  })

  test('contain one cookie for any text', () => {
    const make = inPlace('cookie')
    fc.assert(
      fc.property(text, (value) => {
        const sent = orRefused(() => make(value))
        if (sent === undefined) return
        const [, cookie = ''] = /^value=([\w.~%-]*)$/.exec(sent.headers['cookie'] ?? '') ?? []
        expect(decodeURIComponent(cookie)).toBe(value)
      }),
    )
  })
})

describe('request bodies', () => {
  test('contain exactly the given text in a form', () => {
    const body = { contentType: 'application/x-www-form-urlencoded' }
    const make = toolWith({ url: '/a', body })
    fc.assert(
      fc.property(text, (value) => {
        const sent = orRefused(() => make(value))
        if (sent === undefined) return
        expect([...new URLSearchParams(String(sent.body))]).toEqual([['value', value]])
      }),
    )
  })

  test('contain exactly one part for any text in multipart/form-data', async () => {
    const make = toolWith({ url: '/a', body: { contentType: 'multipart/form-data' } })
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const sent = orRefused(() => make(value))
        if (sent === undefined) return
        const headers = { 'content-type': sent.headers['content-type'] ?? '' }
        const form = await new Response(sent.body as Buffer, { headers }).formData()
        expect([...form]).toEqual([['value', value]])
      }),
    )
  })
})

test.each(['application/x-www-form-urlencoded', 'multipart/form-data'])(
  'a name that is not well-formed Unicode is refused in a body of %s',
  (contentType) => {
    const TOOLS = JSON.stringify({
      t: { scopes: [], request: { url: '/a', body: { contentType } } },
    })
    const tool = parseTools({ TOOLS }, compileTool).get('t') ?? expect.fail('no tool')
    const body = '{"\\ud800":"a"}'
    expect(() => planBackend(tool, BASE).make(body, JSON.parse(body))).toThrow(ArgumentError)
  },
)
