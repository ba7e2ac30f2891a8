import { describe, expect, test } from 'vitest'
import type { BackendResponse } from '../../../../functions/gateway/backend/send.ts'
import { retryAfterSeconds } from '../../../../functions/gateway/backend-failure.ts'
import { errorSentence, textSentence } from '../../../../functions/gateway/error-sentence.ts'
import { toCallToolResult } from '../../../../functions/gateway/mcp/mcp-result.ts'
import { oneLine, visible } from '../../../../functions/gateway/one-line.ts'
import { toOutcome } from '../../../../functions/gateway/read-outcome.ts'
import { toolOf } from '../../../support/gateway/callable-tool.ts'

const TOOL = toolOf()
const NOW = Date.UTC(2026, 10, 28, 12, 0, 0)

function failureOf(body: string | Buffer, changes: Partial<BackendResponse> = {}) {
  const answer = { status: 400, contentType: 'application/json', contentEncoding: undefined }
  const outcome = toOutcome({ ...answer, ...changes, body: Buffer.from(body) }, TOOL, NOW)
  if (outcome.kind !== 'failed') throw new Error('no failure')
  const { content } = toCallToolResult(outcome, TOOL, 'stateless')
  expect(content).toEqual([{ type: 'text', text: outcome.failure.message }])
  return outcome.failure
}

describe('the message of an error in JSON', () => {
  const fault = { type: 'int_parsing', loc: ['body', 'limit'], msg: 'Input should be an integer' }

  test.each<[string, unknown, string]>([
    ['FastAPI', { detail: [{ ...fault, input: 'x' }] }, 'body.limit: Input should be an integer'],
    ["FastAPI's HTTPException", { detail: 'Item not found' }, 'Item not found'],
    [
      'FastAPI with an object as detail',
      { detail: { code: 'E1', message: 'No seats left' } },
      'No seats left',
    ],
    [
      'pydantic',
      [fault, { ...fault, loc: ['tags', 0], msg: 'Field required' }],
      'body.limit: Input should be an integer; tags.0: Field required',
    ],
    ['errors with messages', { errors: [{ message: 'Too many' }] }, 'Too many'],
    ['errors by field', { errors: [{ field: 'limit', message: 'too big' }] }, 'limit: too big'],
    ['express-validator', { errors: [{ msg: 'Invalid value', path: 'a' }] }, 'a: Invalid value'],
    ['GraphQL', { errors: [{ message: 'No field x', path: ['q', 'x'] }] }, 'q.x: No field x'],
    [
      'JSON:API',
      {
        errors: [
          {
            status: '422',
            title: 'Invalid Attribute',
            detail: 'Must be a date.',
            source: { pointer: '/data/attributes/from' },
          },
        ],
      },
      '/data/attributes/from: Must be a date.',
    ],
    ['JSON:API with only a title', { errors: [{ title: 'Conflict' }] }, 'Conflict'],
    [
      'Django REST framework',
      { limit: ['A valid integer is required.'], non_field_errors: ['Too early.', 'Too late.'] },
      'limit: A valid integer is required.; non_field_errors: Too early.; Too late.',
    ],
    ['Django with a field named title', { title: ['Required.'] }, 'title: Required.'],
    ['Django with a list', ['Already booked.'], 'Already booked.'],
    ['Rails', { errors: { name: ["can't be blank"] } }, "name: can't be blank"],
    ['Rails with model.errors', { name: ["can't be blank"] }, "name: can't be blank"],
    ['Rails with only the status', { status: 404, error: 'Not Found' }, 'Not Found'],
    [
      'Laravel',
      { message: 'The given data was invalid.', errors: { email: ['The email is taken.'] } },
      'The given data was invalid. email: The email is taken.',
    ],
    [
      'ASP.NET',
      { title: 'Validation failed', status: 400, errors: { Limit: ['Out of range.'] } },
      'Validation failed: Limit: Out of range.',
    ],
    [
      'Mongoose',
      { errors: { limit: { message: 'Limit is required.', path: 'limit' } } },
      'limit: limit: Limit is required.',
    ],
    [
      'NestJS',
      { statusCode: 400, message: ['a must be a string', 'b must be set'], error: 'Bad Request' },
      'a must be a string; b must be set',
    ],
    [
      'NestJS with one message',
      { statusCode: 404, message: 'No cat', error: 'Not Found' },
      'No cat',
    ],
    [
      'class-validator',
      [{ property: 'n', constraints: { isInt: 'n must be an integer' } }],
      'n: n must be an integer',
    ],
    [
      'problem details',
      { type: 'about:blank', title: 'Out of stock', status: 409, detail: 'None is left.' },
      'None is left.',
    ],
    [
      'problem details with errors (RFC 9457 s3)',
      {
        title: 'Your request is not valid.',
        errors: [{ detail: 'must be a positive integer', pointer: '#/age' }],
      },
      'Your request is not valid. #/age: must be a positive integer',
    ],
    [
      'problem details with invalid-params (RFC 7807)',
      { title: 'Not valid.', 'invalid-params': [{ name: 'age', reason: 'must be positive' }] },
      'Not valid. age: must be positive',
    ],
    [
      'OAuth',
      { error: 'invalid_request', error_description: 'The range is too long.' },
      'invalid_request: The range is too long.',
    ],
    ['Google', { error: { code: 400, message: 'Bad zone', status: 'INVALID' } }, 'Bad zone'],
    ['JSON-RPC', { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'No.' } }, 'No.'],
    ['AWS Lambda', { errorType: 'ValueError', errorMessage: 'bad id' }, 'bad id'],
    ['Jira', { errorMessages: ['No project.'], errors: {} }, 'No project.'],
    [
      'FastMCP',
      { content: [{ type: 'text', text: 'Error calling tool: no quota' }], isError: true },
      'Error calling tool: no quota',
    ],
    ['a JSON string', 'No such day', 'No such day'],
  ])('is read from the format of %s', (_, body, sentence) => {
    expect(errorSentence(body)).toBe(sentence)
  })

  test.each<[unknown]>([
    [null],
    [7],
    [true],
    [{}],
    [[]],
    [''],
    [' '],
    [{ secret: 'inside' }],
    [{ detail: [] }],
    [{ errors: [7, null, {}] }],
    [{ message: '\u200b\n' }],
  ])('is undefined for %j', (body) => {
    expect(errorSentence(body)).toBeUndefined()
  })

  test('lists five errors and the number of the others', () => {
    const errors = Array.from({ length: 20_000 }, (_, at) => ({ field: `f${at}`, message: 'no' }))
    expect(errorSentence({ errors })).toBe('f0: no; f1: no; f2: no; f3: no; f4: no; and 19995 more')
  })

  test('is one line of at most 500 characters without control and bidirectional characters', () => {
    const said = `a\r\n\tb\u0000\u001b[31mc\u202e\u2066d\u200e\ufeffe\u0085f\u2028g`
    expect(errorSentence({ message: said })).toBe('a b [31mcde f g')
    expect(errorSentence({ detail: [{ loc: ['\u202ea'], msg: 'b' }] })).toBe('a: b')
    expect(errorSentence({ message: 'x'.repeat(1_000_000) })).toHaveLength(500)
  })

  test('is undefined for a body with 200 levels', () => {
    let body: unknown = 'x'
    for (let depth = 0; depth < 200; depth += 1) body = { error: { detail: [body] } }
    expect(errorSentence(body)).toBeUndefined()
  })
})

describe('the message of an error in text', () => {
  test.each([
    ['limit must be at most 200', 'limit must be at most 200'],
    ['one\r\ntwo\n', 'one two'],
    ['1 < 2', '1 < 2'],
  ])('is the text %j in one line', (text, sentence) => {
    expect(textSentence(text)).toBe(sentence)
  })

  test.each([
    ['<!doctype html>\n<title>400 Bad Request</title>'],
    ['<?xml version="1.0"?>'],
    ['ValueError: x\n    at file.js:1:2\n'],
    ['Traceback (most recent call last):\n  File "a.py", line 1'],
    [''],
  ])('is undefined for %j', (text) => {
    expect(textSentence(text)).toBeUndefined()
  })
})

describe('an error response of a backend', () => {
  test.each([
    ['text/plain', 'no such day', 'no such day'],
    ['text/html; charset=utf-8', 'no such day', 'no such day'],
    ['', 'no such day', 'no such day'],
    ['text/html', '{"detail":"no such day"}', 'no such day'],
    ['', '{"detail":"no such day"}', 'no such day'],
    ['application/problem+json', '\ufeff{"detail":"no such day"}', 'no such day'],
    ['text/html', '<h1>Bad Request</h1>', 'The tool refused the call (HTTP 400).'],
    ['image/png', 'no such day', 'The tool refused the call (HTTP 400).'],
    ['application/json', '{"detail":', 'The tool refused the call (HTTP 400).'],
  ])(
    'with the content type %j and the body %j has the message: %s',
    (contentType, body, message) => {
      expect(failureOf(body, { contentType })).toEqual({
        reason: 'backend_http_400',
        status: 400,
        message,
      })
    },
  )

  test.each([
    ['30', 30, 'No. Try again in 30 seconds.'],
    ['1', 1, 'No. Try again in 1 second.'],
    ['Sat, 28 Nov 2026 12:02:00 GMT', 120, 'No. Try again in 120 seconds.'],
    ['soon', undefined, 'No.'],
    [undefined, undefined, 'No.'],
  ])('with Retry-After %j has a delay of %j seconds', (retryAfter, seconds, message) => {
    const failure = failureOf('{"detail":"No."}', { status: 429, retryAfter })
    expect(failure).toEqual({
      reason: 'backend_http_429',
      status: 429,
      message,
      ...(seconds !== undefined && { retryAfter: seconds }),
    })
  })

  test('with a 5xx status has a generic message', () => {
    const body = '{"detail":"stack trace"}'
    expect(failureOf(body, { status: 503, retryAfter: '30' })).toEqual({
      reason: 'backend_http_503',
      status: 503,
      message: 'The tool is not available. Try again in 30 seconds.',
      retryAfter: 30,
    })
    for (const status of [500, 502, 503, 504]) {
      const { message, ...failure } = failureOf(body, { status })
      expect(failure).toEqual({ reason: `backend_http_${status}`, status: 502 })
      expect(message).toBe('The tool failed. Try again later.')
    }
  })
})

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120],
    ['Sat, 28 Nov 2026 12:00:30 GMT', 30],
    ['Saturday, 28-Nov-26 12:00:30 GMT', 30],
    ['Sat, 28 Nov 2026 11:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['10, 20', undefined],
    ['9999999999', undefined],
    ['99999999999999999999', undefined],
    ['Sat, 28 Nov 2099 12:00:00 GMT', undefined],
    ['Sat, not a date at all', undefined],
  ])('%j is a delay of %j seconds', (value, seconds) => {
    expect(retryAfterSeconds(value, NOW)).toBe(seconds)
  })
})

describe('the text of a backend', () => {
  test('keeps joiners of words and emoji and loses other invisible characters in one line', () => {
    expect(oneLine('می\u200cخواهم 👩\u200d💻 a\u00adb\u200bc\u{e0041}', 100)).toBe(
      'می\u200cخواهم 👩\u200d💻 abc',
    )
  })

  test('is cut without half of a surrogate pair', () => {
    expect(oneLine('ab😀', 3)).toBe('ab\ufffd')
  })

  test('keeps line breaks and tabs as visible text', () => {
    expect(visible('a\n\tb\r\u0000\u202ec')).toBe('a\n\tbc')
  })
})
