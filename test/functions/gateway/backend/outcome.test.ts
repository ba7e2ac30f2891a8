import { describe, expect, test } from 'vitest'
import type { BackendResponse } from '../../../../functions/gateway/backend/send.ts'
import type { CallableTool } from '../../../../functions/gateway/callable-tool.ts'
import { failed } from '../../../../functions/gateway/outcome.ts'
import { toOutcome } from '../../../../functions/gateway/read-outcome.ts'
import { toolOf } from '../../../support/gateway/callable-tool.ts'

describe('a backend response', () => {
  const untyped = toolOf({})
  const typed = toolOf({
    outputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  })
  const answer = (
    changes: Partial<Omit<BackendResponse, 'body'>> & { body?: string | Buffer },
  ): BackendResponse => ({
    status: 200,
    contentType: 'application/json',
    contentEncoding: undefined,
    ...changes,
    body: Buffer.from(changes.body ?? ''),
  })

  test.each<[string, Parameters<typeof answer>[0], CallableTool, unknown]>([
    ['an object', { body: '{"a":1}' }, untyped, { kind: 'json', value: { a: 1 } }],
    ['a list', { body: '[1]' }, untyped, { kind: 'json', value: [1] }],
    ['null', { body: 'null' }, untyped, { kind: 'json', value: null }],
    [
      'an object that matches the outputSchema',
      { body: '{"n":1}' },
      typed,
      { kind: 'json', value: { n: 1 } },
    ],
    [
      'JSON with a charset',
      { contentType: 'Application/JSON ; charset=utf-8', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    [
      'JSON with a +json type',
      { contentType: 'application/hal+json', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    ['text', { contentType: 'text/plain', body: 'hé' }, untyped, { kind: 'text', text: 'hé' }],
    ['CSV', { contentType: 'text/csv', body: 'a,b' }, untyped, { kind: 'text', text: 'a,b' }],
    ['status 204', { status: 204, contentType: '' }, untyped, { kind: 'text', text: '' }],
    ['an empty JSON body', { status: 201 }, untyped, { kind: 'text', text: '' }],
    [
      'the content coding identity',
      { contentEncoding: 'identity', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    [
      'a CallToolResult',
      { body: '{"content":[{"type":"text","text":"a"}]}' },
      untyped,
      { kind: 'result', result: { content: [{ type: 'text', text: 'a' }] } },
    ],
    [
      'a CallToolResult that matches the outputSchema',
      { body: '{"content":[],"structuredContent":{"n":1}}' },
      typed,
      { kind: 'result', result: { content: [], structuredContent: { n: 1 } } },
    ],
    [
      'a CallToolResult with isError despite an outputSchema',
      { body: '{"content":[],"isError":true}' },
      typed,
      { kind: 'result', result: { content: [], isError: true } },
    ],
    [
      'an object with a content member that is a string',
      { body: '{"content":"chapter one"}' },
      untyped,
      { kind: 'json', value: { content: 'chapter one' } },
    ],
  ])('is accepted: %s', (_, given, tool, outcome) => {
    expect(toOutcome(answer(given), tool)).toEqual(outcome)
  })

  const UNREADABLE = 'The tool returned an unexpected response.'
  test.each<[string, Parameters<typeof answer>[0], CallableTool, string]>([
    ['truncated JSON', { body: '{"a":' }, untyped, 'backend_not_json'],
    [
      'too deeply nested JSON',
      { body: `${'['.repeat(9_000)}${']'.repeat(9_000)}` },
      untyped,
      'backend_not_json',
    ],
    [
      'bytes that are not UTF-8',
      { body: Buffer.from([0x22, 0xff, 0x22]) },
      untyped,
      'backend_not_utf8',
    ],
    ['HTML', { contentType: 'text/html', body: '<p>' }, untyped, 'backend_content_type'],
    [
      'HTML with its type in capitals',
      { contentType: 'TEXT/HTML;x', body: '<p>' },
      untyped,
      'backend_content_type',
    ],
    ['no content type', { contentType: '', body: 'a,b' }, untyped, 'backend_content_type'],
    ['a PDF', { contentType: 'application/pdf', body: '%PDF' }, untyped, 'backend_content_type'],
    [
      'a JSON text sequence',
      { contentType: 'application/json-seq', body: '{}' },
      untyped,
      'backend_content_type',
    ],
    ['XML', { contentType: 'application/xml', body: '<a/>' }, untyped, 'backend_content_type'],
    [
      'a content coding',
      { contentEncoding: 'gzip', body: '{}' },
      untyped,
      'backend_content_encoding',
    ],
    ['an object without a required property', { body: '{}' }, typed, 'backend_output_schema'],
    ['a property of another type', { body: '{"n":"1"}' }, typed, 'backend_output_schema'],
    [
      'text despite an outputSchema',
      { contentType: 'text/plain', body: 'x' },
      typed,
      'backend_output_unstructured',
    ],
    ['status 204 despite an outputSchema', { status: 204 }, typed, 'backend_output_unstructured'],
    [
      'a CallToolResult without structuredContent despite an outputSchema',
      { body: '{"content":[]}' },
      typed,
      'backend_output_schema',
    ],
    [
      'a CallToolResult that violates the outputSchema',
      { body: '{"content":[],"structuredContent":{"n":"1"}}' },
      typed,
      'backend_output_schema',
    ],
  ])('is rejected: %s', (_, given, tool, reason) => {
    expect(toOutcome(answer(given), tool)).toEqual(failed(reason, 502, UNREADABLE))
  })

  test.each([
    [500, 502, 'The tool failed. Try again later.'],
    [503, 502, 'The tool failed. Try again later.'],
    [599, 502, 'The tool failed. Try again later.'],
    [100, 502, 'The tool returned no result.'],
    [301, 502, 'The tool returned no result.'],
    [304, 502, 'The tool returned no result.'],
    [400, 400, 'The tool refused the call (HTTP 400).'],
    [401, 502, 'The tool refused the call (HTTP 401).'],
    [403, 502, 'The tool refused the call (HTTP 403).'],
    [407, 502, 'The tool refused the call (HTTP 407).'],
    [404, 404, 'The tool refused the call (HTTP 404).'],
    [422, 422, 'The tool refused the call (HTTP 422).'],
    [429, 429, 'The tool refused the call (HTTP 429).'],
  ])('with status %i fails with %i and the message: %s', (status, passedOn, message) => {
    const given = answer({ status, body: '{"secret":"inside"}' })
    expect(toOutcome(given, typed)).toEqual(failed(`backend_http_${status}`, passedOn, message))
  })

  test.each<[unknown, string]>([
    [{ message: 'a', detail: 'b', error: 'c', title: 'd' }, 'a'],
    [{ detail: 'b', error: { message: 'c' }, title: 'd' }, 'b'],
    [{ error: { message: 'c' }, title: 'd' }, 'c'],
    [{ error: 'c', title: 'd' }, 'c'],
    [{ title: 'd' }, 'd'],
    [{ message: '', detail: 'b' }, 'b'],
    [{ message: { a: 1 }, title: 'd' }, 'd'],
    [{ message: 'x'.repeat(600) }, 'x'.repeat(500)],
    [{ message: `${'x'.repeat(499)}😀` }, `${'x'.repeat(499)}\ufffd`],
    [{ other: 'a' }, 'The tool refused the call (HTTP 400).'],
    [['a'], 'a'],
    ['a', 'a'],
    [null, 'The tool refused the call (HTTP 400).'],
  ])('with status 400 and the body %j has the message %j', (body, message) => {
    const given = answer({ status: 400, body: JSON.stringify(body) })
    expect(toOutcome(given, untyped)).toEqual(failed('backend_http_400', 400, message))
  })

  // Long bodies are read as bytes.
  test.each([
    '{"n":1}',
    '{"n":1.10,"m":-0,"o":12345678901234567890}',
    '{"n":1,"n":2}',
    '{"\\u006e":1,"__proto__":{"a":1}}',
    `{"n":1,"text":"${'a "quoted" line\\n'.replaceAll('"', '\\"').repeat(500)}"}`,
    `{"n":1,"text":"${'\u00e9\ud83d\ude00'.repeat(3_000)}"}`,
    '{"n":"one"}',
    '{"content":[{"type":"text","text":"a"}],"isError":true}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}',
    '{"resultType":"input_required","inputRequests":{}}',
    `${'['.repeat(300)}${']'.repeat(300)}`,
    '{"n":NaN}',
    '{"n":1',
    '{"n":1}}',
  ])('has the same outcome if its body is long: %.60s', (body) => {
    for (const tool of [untyped, typed]) {
      for (const start of ['', '\ufeff']) {
        const short = toOutcome(answer({ body: start + body }), tool, 0)
        const long = toOutcome(answer({ body: `${start}${body}${' '.repeat(20_000)}` }), tool, 0)
        expect(long).toEqual(short)
        expect(JSON.stringify(long)).toBe(JSON.stringify(short))
      }
    }
  })

  test.each(['text/plain', 'text/html', 'application/octet-stream', ''])(
    'with status 400 and HTML of type %j has a generic message',
    (contentType) => {
      const given = answer({ status: 400, contentType, body: '<p>stack trace</p>' })
      expect(toOutcome(given, untyped)).toEqual(
        failed('backend_http_400', 400, 'The tool refused the call (HTTP 400).'),
      )
    },
  )
})
