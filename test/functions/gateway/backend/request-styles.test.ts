import { describe, expect, test } from 'vitest'
import { planBackend } from '../../../../functions/gateway/backend/backend-request.ts'
import { compileTool } from '../../../../functions/gateway/callable-tool.ts'
import { parseTools } from '../../../../shared/tools.ts'

const BASE = 'https://backend.test/base'
const STRING = 'blue'
const ARRAY = ['blue', 'black', 'brown']
const OBJECT = { R: 100, G: 200, B: 150 }

/** The request that a tool makes with `args`. */
function made(request: object, args: object) {
  const properties = { color: {}, other: {}, file: {}, name: {} }
  const tool = { scopes: [], inputSchema: { type: 'object', properties }, request }
  const tools = parseTools({ TOOLS: JSON.stringify({ paint: tool }) }, compileTool)
  const plan = planBackend(tools.get('paint') ?? expect.fail('no tool'), BASE)
  const body = JSON.stringify(args)
  return plan.make(body, JSON.parse(body))
}

const parameterIn = (place: string, style: string, explode: boolean, value: unknown) => {
  const parameter = { name: 'color', in: place, style, explode }
  const url = place === 'path' ? '/{color}' : '/'
  return made({ method: 'GET', url, parameters: [parameter] }, { color: value })
}

// OpenAPI 3.1.1, s4.8.12.6 Style Examples, without the undefined combinations.
describe('path parameters', () => {
  test.each([
    ['matrix', false, STRING, ';color=blue'],
    ['matrix', false, ARRAY, ';color=blue,black,brown'],
    ['matrix', false, OBJECT, ';color=R,100,G,200,B,150'],
    ['matrix', true, STRING, ';color=blue'],
    ['matrix', true, ARRAY, ';color=blue;color=black;color=brown'],
    ['matrix', true, OBJECT, ';R=100;G=200;B=150'],
    ['label', false, STRING, '.blue'],
    ['label', false, ARRAY, '.blue,black,brown'],
    ['label', false, OBJECT, '.R,100,G,200,B,150'],
    ['label', true, STRING, '.blue'],
    ['label', true, ARRAY, '.blue.black.brown'],
    ['label', true, OBJECT, '.R=100.G=200.B=150'],
    ['simple', false, STRING, 'blue'],
    ['simple', false, ARRAY, 'blue,black,brown'],
    ['simple', false, OBJECT, 'R,100,G,200,B,150'],
    ['simple', true, STRING, 'blue'],
    ['simple', true, ARRAY, 'blue,black,brown'],
    ['simple', true, OBJECT, 'R=100,G=200,B=150'],
  ])(
    'match the OpenAPI example for style %s, explode %s and the value %j',
    (style, explode, value, expected) => {
      expect(parameterIn('path', style, explode, value).path).toBe(`/base/${expected}`)
    },
  )
})

describe('query parameters', () => {
  test.each([
    ['form', false, '', 'color='],
    ['form', false, STRING, 'color=blue'],
    ['form', false, ARRAY, 'color=blue,black,brown'],
    ['form', false, OBJECT, 'color=R,100,G,200,B,150'],
    ['form', true, '', 'color='],
    ['form', true, STRING, 'color=blue'],
    ['form', true, ARRAY, 'color=blue&color=black&color=brown'],
    ['form', true, OBJECT, 'R=100&G=200&B=150'],
    ['spaceDelimited', false, ARRAY, 'color=blue%20black%20brown'],
    ['spaceDelimited', false, OBJECT, 'color=R%20100%20G%20200%20B%20150'],
    ['pipeDelimited', false, ARRAY, 'color=blue%7Cblack%7Cbrown'],
    ['pipeDelimited', false, OBJECT, 'color=R%7C100%7CG%7C200%7CB%7C150'],
    ['deepObject', true, OBJECT, 'color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150'],
  ])(
    'match the OpenAPI example for style %s, explode %s and the value %j',
    (style, explode, value, expected) => {
      expect(parameterIn('query', style, explode, value).query).toBe(expected)
    },
  )

  test.each([
    [{ a: { b: 1, c: [2, { d: 3 }] } }, 'color[a][b]=1&color[a][c][0]=2&color[a][c][1][d]=3'],
    [[{ x: 'y' }], 'color[0][x]=y'],
    ['plain', 'color=plain'],
  ])('of style deepObject can nest: %j', (value, expected) => {
    expect(decodeURIComponent(parameterIn('query', 'deepObject', true, value).query)).toBe(expected)
  })

  test.each([
    [undefined, ''],
    [null, ''],
    [[], ''],
    [[null, 'a'], 'color=a'],
    [{}, ''],
    [true, 'color=true'],
    [0, 'color=0'],
    [[{ a: 1 }], 'color=%7B%22a%22%3A1%7D'],
    ['ä&b=c d+e#f', 'color=%C3%A4%26b%3Dc%20d%2Be%23f'],
  ])('encode %j as %j', (value, expected) => {
    expect(parameterIn('query', 'form', true, value).query).toBe(expected)
  })

  test('follow a constant query and are JSON if they have content', () => {
    const parameters = [{ name: 'color', in: 'query', content: { 'application/json': {} } }]
    const { path } = made({ method: 'GET', url: '/x?v=1', parameters }, { color: { a: [1] } })
    expect(path).toBe('/base/x?v=1&color=%7B%22a%22%3A%5B1%5D%7D')
  })

  test('keep reserved characters with allowReserved unless these delimit parameters', () => {
    const parameters = [{ name: 'color', in: 'query', allowReserved: true }]
    const { query } = made(
      { method: 'GET', url: '/', parameters },
      { color: "/a?b:@$,=&+#[]!'%41" },
    )
    expect(query).toBe("color=/a?b:@$,=%26%2B%23%5B%5D!'%2541")
  })
})

describe('header fields and cookies', () => {
  test.each([
    [false, STRING, 'blue'],
    [false, ARRAY, 'blue,black,brown'],
    [false, OBJECT, 'R,100,G,200,B,150'],
    [true, OBJECT, 'R=100,G=200,B=150'],
  ])(
    'match the OpenAPI example for style simple, explode %s and the value %j',
    (explode, value, expected) => {
      expect(parameterIn('header', 'simple', explode, value).headers).toEqual({
        accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
        color: expected,
      })
    },
  )

  test.each([
    [false, STRING, 'color=blue'],
    [false, ARRAY, 'color=blue,black,brown'],
    [true, ARRAY, 'color=blue; color=black; color=brown'],
    [true, 'a; b="c"', 'color=a%3B%20b%3D%22c%22'],
  ])(
    'encode a cookie of style form with explode %s and the value %j',
    (explode, value, expected) => {
      expect(parameterIn('cookie', 'form', explode, value).headers).toHaveProperty(
        'cookie',
        expected,
      )
    },
  )
})

describe('request bodies', () => {
  const json = { 'content-type': 'application/json' }
  const PATH = [{ name: 'color', in: 'path' }]
  test.each([
    ['PUT', undefined, { color: 'a', other: 1 }, '{"other":1}'],
    ['POST', undefined, { color: 'a' }, undefined],
    ['DELETE', undefined, { color: 'a', other: 1 }, undefined],
    ['DELETE', { contentType: 'application/json' }, { color: 'a', other: 1 }, '{"other":1}'],
    ['POST', { contentType: 'application/json' }, { color: 'a' }, '{}'],
    [
      'POST',
      { contentType: 'application/json', argument: 'other' },
      { color: 'a', other: [1] },
      '[1]',
    ],
    ['POST', { contentType: 'application/json', argument: 'other' }, { color: 'a' }, undefined],
    [
      'POST',
      { contentType: 'application/json', argument: 'other' },
      { color: 'a', other: null },
      'null',
    ],
    [
      'POST',
      { contentType: 'application/json', properties: ['color', { name: 'n', argument: 'other' }] },
      { color: 'a', other: 1, name: 2 },
      '{"color":"a","n":1}',
    ],
  ])('of %s with body %j and the arguments %j are %s', (method, body, args, expected) => {
    const request = { method, url: '/{color}', parameters: PATH, ...(body && { body }) }
    const sent = made(request, args)
    expect(sent.body).toBe(expected)
    if (expected === undefined) expect(sent.headers).not.toHaveProperty('content-type')
    else expect(sent.headers).toMatchObject(json)
  })

  test.each([
    'application/merge-patch+json',
    'application/vnd.acme.v2+json; charset=utf-8',
    'Application/JSON',
  ])('have the type %s as it is written', (contentType) => {
    const sent = made(
      { url: '/', method: 'PATCH', body: { contentType } },
      { color: null, name: 1 },
    )
    expect([sent.headers['content-type'], sent.body]).toEqual([
      contentType,
      '{"color":null,"name":1}',
    ])
  })

  test('of JSON Patch are the list in one argument', () => {
    const contentType = 'application/json-patch+json'
    const patch = [{ op: 'remove', path: '/a' }]
    const sent = made({ url: '/', body: { contentType, argument: 'color' } }, { color: patch })
    expect([sent.headers['content-type'], JSON.parse(String(sent.body))]).toEqual([
      contentType,
      patch,
    ])
  })

  test('of a form repeat the name for a list and encode an object as JSON', () => {
    const body = { contentType: 'application/x-www-form-urlencoded' }
    const sent = made({ url: '/', body }, { color: ARRAY, other: { a: 1 }, name: 'a&b=c' })
    expect(sent.body).toBe(
      'color=blue&color=black&color=brown&other=%7B%22a%22%3A1%7D&name=a%26b%3Dc',
    )
    expect(sent.headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  test('of a form use the style of the Encoding Object', () => {
    const properties = [{ name: 'color', style: 'deepObject' }, 'name']
    const body = { contentType: 'application/x-www-form-urlencoded', properties }
    const sent = made({ url: '/', body }, { color: { a: { b: 1 } }, name: [1.5] })
    expect(decodeURIComponent(String(sent.body))).toBe('color[a][b]=1&name=1.5')
  })

  test('of multipart/form-data have a part for each base64 file and JSON for a file object', async () => {
    const body = { contentType: 'multipart/form-data', files: ['file', 'other'] }
    const object = { download_url: 'https://files.example/x', file_id: 'f1' }
    const args = {
      color: { R: 1 },
      name: 'a\r\nb',
      file: ['aGVsbG8=', 'data:image/png;base64,iVBORw=='],
      other: object,
      '"\r\nX: y': 1,
    }
    const sent = made({ url: '/', body }, args)
    const type = sent.headers['content-type'] ?? ''
    const form = await new Response(sent.body as Buffer, {
      headers: { 'content-type': type },
    }).formData()
    const files = form.getAll('file') as File[]
    expect([...form.keys()]).toEqual(['color', 'name', '"\r\nX: y', 'file', 'file', 'other'])
    expect(form.get('color')).toBe('{"R":1}')
    expect(form.get('name')).toBe('a\r\nb')
    expect(form.get('other')).toBe(JSON.stringify(object))
    expect(files.map((file) => file.type)).toEqual(['application/octet-stream', 'image/png'])
    expect(await files[0]?.text()).toBe('hello')
  })

  test('of multipart/form-data reject a file that is neither base64 nor a file object', () => {
    const body = { contentType: 'multipart/form-data', files: ['file'] }
    expect(() => made({ url: '/', body }, { file: 'https://files.example/x' })).toThrow(/file/)
  })
})

describe('the URL of a backend', () => {
  const at = (url: string, base = BASE) => {
    const TOOLS = JSON.stringify({ t: { scopes: [], request: { url } } })
    const tools = parseTools({ TOOLS }, compileTool)
    return planBackend(tools.get('t') ?? expect.fail('no tool'), base)
  }
  test.each([
    ['/x/y', 'https://backend.test/base/x/y', true, 'https://backend.test/base'],
    ['x', 'https://backend.test/base/x', true, 'https://backend.test/base'],
    [
      'https://backend.test/base/x',
      'https://backend.test/base/x',
      true,
      'https://backend.test/base',
    ],
    [
      'https://backend.test/other',
      'https://backend.test/other',
      false,
      'https://backend.test/other',
    ],
    ['https://api.test/v1/x', 'https://api.test/v1/x', false, 'https://api.test/v1'],
    ['https://API.test', 'https://api.test/', false, 'https://api.test/'],
  ])('for the request URL %s is %s', (url, called, isOwn, identityUrl) => {
    const plan = at(url)
    expect(plan.make('{}', {}).url).toBe(called)
    expect(plan).toMatchObject({ isOwn, identityUrl })
  })

  test('gives a Google ID token the URL of the function as its audience', () => {
    const base = 'https://us-central1-acme.cloudfunctions.net'
    expect(at('/notes/all', base).identityUrl).toBe(`${base}/notes`)
  })
})

test('a request is made from the arguments without reading their JSON again', () => {
  const TOOLS = JSON.stringify({ t: { scopes: [], request: { url: '/notes' } } })
  const tool = parseTools({ TOOLS }, compileTool).get('t') ?? expect.fail('no tool')
  const { body } = planBackend(tool, BASE).make('', { color: JSON.rawJSON('1.0') })
  expect(body).toBe('{"color":1.0}')
})
