import { describe, expect, test } from 'vitest'
import { type CorsPolicy, PUBLIC_DOCUMENT, withCors } from '../../shared/http/cors.ts'
import type { HttpRequest, HttpResponse } from '../../shared/http/http.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import { createLog } from '../../shared/log.ts'

const APP = 'https://app.example.com'
const POLICY: CorsPolicy = {
  origins: new Set([APP, 'https://mcp.example.com']),
  methods: ['POST', 'OPTIONS'],
  requestHeaders: ['authorization', 'content-type'],
  exposedHeaders: ['www-authenticate', 'retry-after'],
}
const ANSWER: HttpResponse = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'x' }

function requestOf(method: string, origin?: string | string[]): HttpRequest {
  return {
    method,
    path: '/mcp',
    query: '',
    // Node joins repeated Origin fields, but its types allow a list.
    headers: { ...(origin !== undefined && { origin: origin as string }) },
    authorization: [],
    body: async () => Buffer.alloc(0),
    onClose: () => undefined,
    onDisconnect: () => () => undefined,
    isDisconnected: () => false,
    id: 'r',
    traceparent: undefined,
    log: createLog({ service: 'test', level: 'error', write: () => undefined }),
  }
}

const codeOf = ({ body }: HttpResponse) => JSON.parse(String(body)).error

describe('an origin', () => {
  test.each([
    'https://app.example.com.evil.example',
    'https://evil-app.example.com',
    'https://APP.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com/',
    `${APP}, https://evil.example`,
    'null',
    '*',
    '',
  ])('that is not allowed gets 403 without CORS fields: %j', async (origin) => {
    let done = false
    const answer = await withCors(POLICY, requestOf('POST', origin), () => {
      done = true
      return ANSWER
    })
    expect(answer.status).toBe(403)
    expect(codeOf(answer)).toBe('origin_not_allowed')
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    expect(done).toBe(false)
  })

  test('that is sent twice gets 403', async () => {
    const answer = await withCors(POLICY, requestOf('POST', [APP, APP]), () => ANSWER)
    expect(answer.status).toBe(403)
  })

  test('that is not allowed gets 403 for a preflight', async () => {
    const answer = await withCors(
      POLICY,
      requestOf('OPTIONS', 'https://evil.example'),
      () => ANSWER,
    )
    expect(answer.status).toBe(403)
    expect(answer.headers).not.toHaveProperty('access-control-allow-methods')
  })

  test('that is allowed can read the response and the exposed header fields', async () => {
    expect(await withCors(POLICY, requestOf('POST', APP), () => ANSWER)).toEqual({
      ...ANSWER,
      headers: {
        'content-type': 'text/plain',
        'access-control-allow-origin': APP,
        'access-control-expose-headers': 'www-authenticate, retry-after',
        vary: 'Origin',
      },
    })
  })

  test('is not required, because only browsers send one', async () => {
    const { status, headers } = await withCors(POLICY, requestOf('POST'), () => ANSWER)
    expect(status).toBe(200)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect(headers).toMatchObject({ vary: 'Origin' })
  })
})

describe('the allowed methods', () => {
  test('are listed in the response to a preflight, which does not call the handler', async () => {
    const answer = await withCors(POLICY, requestOf('OPTIONS', APP), () => {
      throw new Error('not to be called')
    })
    expect(answer).toEqual({
      status: 204,
      headers: {
        allow: 'POST, OPTIONS',
        vary: 'Origin',
        'access-control-allow-origin': APP,
        'access-control-allow-methods': 'POST, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-expose-headers': 'www-authenticate, retry-after',
        'access-control-max-age': '600',
      },
    })
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'post', 'constructor', ''])(
    'do not include %j, which gets 405 with Allow and CORS fields',
    async (method) => {
      const answer = await withCors(POLICY, requestOf(method, APP), () => ANSWER)
      expect(answer.status).toBe(405)
      expect(codeOf(answer)).toBe('method_not_allowed')
      expect(answer.headers).toMatchObject({
        allow: 'POST, OPTIONS',
        'access-control-allow-origin': APP,
      })
    },
  )
})

describe('an error', () => {
  test('of the class HttpError has CORS fields and the form of the given renderer', async () => {
    const fail = () => {
      throw new HttpError(429, 'slow_down', 'Slow down.', { headers: { 'retry-after': '5' } })
    }
    const answer = await withCors(POLICY, requestOf('POST', APP), fail)
    expect(answer).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5', 'access-control-allow-origin': APP },
    })
    const render = () => ({ status: 499, headers: { own: 'yes' } })
    expect(await withCors(POLICY, requestOf('POST', APP), fail, render)).toMatchObject({
      status: 499,
      headers: { own: 'yes', 'access-control-allow-origin': APP },
    })
  })

  test('of another class is thrown to the caller', async () => {
    const crash = () => Promise.reject(new TypeError('bug'))
    await expect(withCors(POLICY, requestOf('POST', APP), crash)).rejects.toThrow(TypeError)
  })
})

test.each([undefined, 'https://evil.example', 'null'])(
  'a public document can be read by any origin: %j',
  async (origin) => {
    const { status, headers } = await withCors(
      PUBLIC_DOCUMENT,
      requestOf('GET', origin),
      () => ANSWER,
    )
    expect(status).toBe(200)
    expect(headers).toEqual({ 'content-type': 'text/plain', 'access-control-allow-origin': '*' })
  },
)
