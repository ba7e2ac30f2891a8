import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Handler, type HttpRequest, json } from '../../shared/http/http.ts'
import { HttpError, methodNotAllowed, notFound } from '../../shared/http/http-error.ts'
import { type Served, serve } from '../support/http/serve.ts'

const MIB = 1024 * 1024
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`

let served: Served
let respond: Handler
let received: HttpRequest[]

beforeAll(async () => {
  served = await serve('http', () => (request) => {
    received.push(request)
    return respond(request)
  })
})
beforeEach(() => {
  received = []
  served.lines.length = 0
  respond = async ({ body }) => ({ status: 200, body: await body() })
})
afterAll(() => served[Symbol.asyncDispose]())

const post = (body: unknown, headers: Record<string, string> = {}) =>
  served.send({ method: 'POST', path: '/', body, headers })

describe('a request', () => {
  test.each([
    ['/', '/'],
    ['/a?b=c', '/a'],
    ['/a?b?c#d', '/a'],
    ['/a#b', '/a'],
    ['//a//', '//a//'],
    ['/a/../b', '/a/../b'],
    ['/%2e%2e/%6d', '/%2e%2e/%6d'],
    ['/%', '/%'],
    ['/%ff%00', '/%ff%00'],
    ['/favicon.ico', '/favicon.ico'],
    ['/robots.txt', '/robots.txt'],
    ['http://other.example/a', 'http://other.example/a'],
  ])('for %s has the path %s, neither decoded nor normalized', async (target, path) => {
    await served.send({ path: target })
    expect(received.map((request) => request.path)).toEqual([path])
  })

  test.each([
    [{}, []],
    [{ authorization: 'Bearer a' }, ['Bearer a']],
    [{ Authorization: '' }, ['']],
    [{ AUTHORIZATION: ['Bearer a', 'Basic b'] }, ['Bearer a', 'Basic b']],
    [{ 'x-authorization': 'a', 'proxy-authorization': 'b' }, []],
  ])('with %j has the credentials %j', async (headers, values) => {
    await served.send({ path: '/', headers })
    expect(received[0]?.authorization).toEqual(values)
  })

  test.each([
    [PARENT, PARENT],
    [`01-${TRACE}-00f067aa0ba902b7-00`, `01-${TRACE}-00f067aa0ba902b7-00`],
    [PARENT.toUpperCase(), undefined],
    [`ff${PARENT.slice(2)}`, undefined],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    [`${PARENT}-extra`, undefined],
    [`${PARENT}, ${PARENT}`, undefined],
    ['', undefined],
  ])('with the field traceparent %j has the traceparent %j', async (traceparent, read) => {
    await served.send({ path: '/', headers: { traceparent } })
    expect(received[0]?.traceparent).toBe(read)
  })

  test.each([
    [{ traceparent: PARENT }, TRACE],
    [{ 'x-cloud-trace-context': `${TRACE}/123;o=1` }, TRACE],
    [{ traceparent: PARENT, 'x-cloud-trace-context': `${'a'.repeat(32)}/1` }, TRACE],
    [{ 'x-cloud-trace-context': TRACE }, undefined],
    [{ 'x-cloud-trace-context': `${TRACE.toUpperCase()}/1` }, undefined],
    [{ 'x-cloud-trace-context': 'projects/evil/traces/1' }, undefined],
    [{}, undefined],
  ])('with %j logs the trace %j and its own ID', async (headers, trace) => {
    respond = ({ log }) => {
      log.info('seen')
      return { status: 204 }
    }
    await served.send({ path: '/', headers: { ...headers, 'x-request-id': 'chosen-by-client' } })
    expect(served.lines).toMatchObject([{ message: 'seen', request_id: received[0]?.id }])
    expect(served.lines[0]?.['logging.googleapis.com/trace']).toBe(trace)
    expect(received[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  })

  test('reports that the client has disconnected, and not that it is answered', async () => {
    let isReported = false
    respond = ({ onDisconnect, onClose }) => {
      onDisconnect(() => {
        isReported = true
      })
      onClose(() => closed.resolve())
      return json(200, {})
    }
    const closed = Promise.withResolvers<void>()
    await post('x')
    await closed.promise
    expect(isReported).toBe(false)
    expect(received[0]?.isDisconnected()).toBe(false)

    const removed = vi.fn()
    const reported = Promise.withResolvers<void>()
    respond = ({ onDisconnect }) => {
      onDisconnect(removed)()
      onDisconnect(reported.resolve)
      return new Promise(() => undefined)
    }
    const client = new AbortController()
    const asked = served.send({ path: '/', signal: client.signal })
    await vi.waitUntil(() => received.length === 2, 120_000)
    client.abort()
    await expect(asked).rejects.toThrow('aborted')
    await reported.promise
    expect(removed).not.toHaveBeenCalled()
    expect(received[1]?.isDisconnected()).toBe(true)
  })

  test('reports a client that has disconnected before it is asked', async () => {
    const client = new AbortController()
    const gone = Promise.withResolvers<boolean>()
    respond = async (request) => {
      client.abort()
      await expect(asked).rejects.toThrow('aborted')
      // The server notices the disconnect later than the client.
      await new Promise<void>((resolve) => request.onClose(resolve))
      request.onDisconnect(() => gone.resolve(request.isDisconnected()))
      return json(200, {})
    }
    const asked = served.send({ path: '/', signal: client.signal })
    await expect(gone.promise).resolves.toBe(true)
  })
})

describe('a body', () => {
  test.each([
    ['malformed JSON', '{"a":', 'application/json'],
    ['no content', '', 'application/json'],
    ['a form', 'a=1&a=2', 'application/x-www-form-urlencoded'],
    ['a malformed form', 'a[__proto__]=%zz', 'application/x-www-form-urlencoded'],
    ['random bytes', randomBytes(64), 'application/octet-stream'],
    ['multipart data', '--x\r\n', 'multipart/form-data; boundary=x'],
    ['an unknown charset', '{}', 'application/json; charset=klingon'],
    ['JSON Lines', '{}\n{}\n', 'application/x-ndjson'],
  ])('with %s arrives unchanged and is not logged', async (_, body, type) => {
    const read: Buffer[] = []
    respond = async (request) => {
      const sent = await request.body()
      read.push(sent)
      return { status: 200, body: sent }
    }
    const { status, text } = await post(body, { 'content-type': type })
    expect(status).toBe(200)
    expect(read).toEqual([Buffer.from(body)])
    expect(text).toBe(String(body))
    expect(served.lines).toEqual([])
  })

  test('of 1 MiB is accepted', async () => {
    expect((await post(Buffer.alloc(MIB, 'a'))).status).toBe(200)
  })

  test.each([MIB + 1, 8 * MIB])('of %i bytes gets 413', async (size) => {
    const answer = await post(Buffer.alloc(size, 'a'))
    expect(answer.status).toBe(413)
    expect(answer.json()).toEqual({
      error: 'content_too_large',
      message: 'The body must not exceed 1 MiB.',
    })
    expect(served.lines).toMatchObject([{ message: 'request_refused', reason: 'body_too_large' }])
  })

  test.each(['gzip', 'GZIP', 'deflate', 'br', 'zstd', 'gzip, identity', 'x-unheard-of', ''])(
    'in the content coding %j gets 415',
    async (coding) => {
      const answer = await post(gzipSync('{}'), { 'content-encoding': coding })
      expect(answer.status).toBe(415)
      expect(answer.headers['accept-encoding']).toBe('identity')
      expect(answer.json()).toEqual({
        error: 'unsupported_media_type',
        message: 'Send the body without content coding.',
      })
      expect(served.lines).toMatchObject([{ message: 'request_refused', reason: 'content_coding' }])
    },
  )

  test('in the content coding identity is accepted', async () => {
    expect((await post('{}', { 'content-encoding': 'Identity' })).status).toBe(200)
  })

  test('that the handler does not read causes no error', async () => {
    respond = () => ({ status: 200 })
    expect((await post('x', { 'content-encoding': 'gzip' })).status).toBe(200)
    expect((await post(Buffer.alloc(MIB + 1))).status).toBe(200)
  })
})

describe('a response', () => {
  test('is not cacheable by default and is never sniffed', async () => {
    respond = () => json(200, { a: 'ä' })
    const { headers, text } = await served.send({ path: '/' })
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-length': '10',
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    })
    expect(headers).not.toHaveProperty('x-powered-by')
    expect(text).toBe('{"a":"ä"}')
    respond = () => json(200, {}, { 'cache-control': 'public, max-age=300' })
    expect((await served.send({ path: '/' })).headers['cache-control']).toBe('public, max-age=300')
  })

  test('to HEAD has the fields of GET and no body', async () => {
    respond = () => json(200, { a: 1 })
    const answer = await served.send({ path: '/', method: 'HEAD' })
    expect(answer.headers).toMatchObject({
      'content-length': '7',
      'content-type': 'application/json',
    })
    expect(answer.text).toBe('')
  })

  test.each([
    ['a request without a body', ''],
    ['a request whose body is not read', 'x'.repeat(10_000)],
    ['a request whose body is too long to be read', 'x'.repeat(2 * MIB)],
  ])('in pieces answers %s', async (_name, body) => {
    const pieces = ['{"a":', '"ä"'.repeat(MIB), '}'].map((text) => Buffer.from(text))
    respond = () => ({ status: 200, body: pieces })
    const { headers, text } = await post(body)
    expect(headers['content-length']).toBe(String(4 * MIB + 6))
    expect(text === String(Buffer.concat(pieces))).toBe(true)
    const head = await served.send({ path: '/', method: 'HEAD' })
    expect(head.headers['content-length']).toBe(headers['content-length'])
    expect(head.text).toBe('')
  })

  test('with status 204 has no Content-Length', async () => {
    respond = () => ({ status: 204 })
    expect((await served.send({ path: '/' })).headers).not.toHaveProperty('content-length')
  })
})

describe('an error', () => {
  test.each([
    [notFound(), 404, 'not_found', 'There is nothing at this path.'],
    [
      methodNotAllowed(['GET']),
      405,
      'method_not_allowed',
      'This path does not support this method.',
    ],
    [new HttpError(418, 'teapot', 'Short and stout.'), 418, 'teapot', 'Short and stout.'],
  ])('of the class HttpError becomes the response: %s', async (error, status, code, message) => {
    respond = () => Promise.reject(error)
    const answer = await served.send({ path: '/' })
    expect(answer.status).toBe(status)
    expect(answer.json()).toEqual({ error: code, message })
    expect(answer.headers.allow).toBe(status === 405 ? 'GET' : undefined)
    expect(served.lines).toEqual([])
  })

  test('has its reason in the log only', async () => {
    respond = () => Promise.reject(new HttpError(400, 'c', 'm', { reason: 'exact_cause' }))
    expect((await served.send({ path: '/' })).text).not.toContain('exact_cause')
    expect(served.lines).toMatchObject([{ severity: 'INFO', reason: 'exact_cause' }])
  })

  test.each([
    ['thrown', () => crash(new TypeError('hunter2'))],
    ['rejected', () => Promise.reject(new RangeError('hunter2\n    at hunter2'))],
    ['not an Error', () => Promise.reject('hunter2')],
    ['undefined', () => Promise.reject(undefined)],
  ])(
    'of another class becomes a generic 500, and the log has the stack: %s',
    async (_, handler) => {
      respond = handler
      const answer = await served.send({ path: '/' })
      expect(answer.status).toBe(500)
      expect(answer.json()).toEqual({
        error: 'internal_error',
        message: 'The server encountered an internal error.',
      })
      expect(served.lines).toMatchObject([
        { severity: 'ERROR', message: 'request_crashed', request_id: received[0]?.id },
      ])
      expect(served.lines[0]?.['stack']).toMatch(/^\w+:? ?\n +at /)
      expect(JSON.stringify(served.lines)).not.toContain('hunter2')
    },
  )
})

function crash(error: Error): never {
  throw error
}
