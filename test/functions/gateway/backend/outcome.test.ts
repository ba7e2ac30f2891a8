import { describe, expect, test } from 'vitest'
import type { BackendResponse } from '../../../../functions/gateway/backend/send.ts'
import type { CallableTool } from '../../../../functions/gateway/callable-tool.ts'
import { failed } from '../../../../functions/gateway/outcome.ts'
import { toOutcome } from '../../../../functions/gateway/read-outcome.ts'
import { toolOf } from '../../../support/gateway/callable-tool.ts'

describe("a backend's answer", () => {
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
    ['what was promised', { body: '{"n":1}' }, typed, { kind: 'json', value: { n: 1 } }],
    [
      'JSON with a charset',
      { contentType: 'Application/JSON ; charset=utf-8', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    [
      'JSON by its suffix',
      { contentType: 'application/hal+json', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    ['text', { contentType: 'text/plain', body: 'hé' }, untyped, { kind: 'text', text: 'hé' }],
    ['CSV', { contentType: 'text/csv', body: 'a,b' }, untyped, { kind: 'text', text: 'a,b' }],
    ['nothing', { status: 204, contentType: '' }, untyped, { kind: 'text', text: '' }],
    ['nothing, as JSON', { status: 201 }, untyped, { kind: 'text', text: '' }],
    [
      'the coding "identity"',
      { contentEncoding: 'identity', body: '1' },
      untyped,
      { kind: 'json', value: 1 },
    ],
    [
      "MCP's own result",
      { body: '{"content":[{"type":"text","text":"a"}]}' },
      untyped,
      { kind: 'result', result: { content: [{ type: 'text', text: 'a' }] } },
    ],
    [
      "MCP's own result with what was promised",
      { body: '{"content":[],"structuredContent":{"n":1}}' },
      typed,
      { kind: 'result', result: { content: [], structuredContent: { n: 1 } } },
    ],
    [
      "MCP's own error, which promises nothing",
      { body: '{"content":[],"isError":true}' },
      typed,
      { kind: 'result', result: { content: [], isError: true } },
    ],
    [
      'data that has a content of its own',
      { body: '{"content":"chapter one"}' },
      untyped,
      { kind: 'json', value: { content: 'chapter one' } },
    ],
  ])('of %s is taken', (_, given, tool, outcome) => {
    expect(toOutcome(answer(given), tool)).toEqual(outcome)
  })

  const UNREADABLE = 'The tool returned an unexpected response.'
  test.each<[string, Parameters<typeof answer>[0], CallableTool, string]>([
    ['half of JSON', { body: '{"a":' }, untyped, 'backend_not_json'],
    [
      'JSON too deep',
      { body: `${'['.repeat(9_000)}${']'.repeat(9_000)}` },
      untyped,
      'backend_not_json',
    ],
    ['no UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, untyped, 'backend_not_utf8'],
    ['HTML', { contentType: 'text/html', body: '<p>' }, untyped, 'backend_content_type'],
    [
      'HTML in capitals',
      { contentType: 'TEXT/HTML;x', body: '<p>' },
      untyped,
      'backend_content_type',
    ],
    ['no type', { contentType: '', body: 'a,b' }, untyped, 'backend_content_type'],
    ['bytes', { contentType: 'application/pdf', body: '%PDF' }, untyped, 'backend_content_type'],
    [
      'JSON Lines',
      { contentType: 'application/json-seq', body: '{}' },
      untyped,
      'backend_content_type',
    ],
    ['XML', { contentType: 'application/xml', body: '<a/>' }, untyped, 'backend_content_type'],
    ['a coding', { contentEncoding: 'gzip', body: '{}' }, untyped, 'backend_content_encoding'],
    ['less than was promised', { body: '{}' }, typed, 'backend_output_schema'],
    ['another type', { body: '{"n":"1"}' }, typed, 'backend_output_schema'],
    [
      'text for an object',
      { contentType: 'text/plain', body: 'x' },
      typed,
      'backend_output_unstructured',
    ],
    ['nothing for an object', { status: 204 }, typed, 'backend_output_unstructured'],
    [
      "MCP's result without what was promised",
      { body: '{"content":[]}' },
      typed,
      'backend_output_schema',
    ],
    [
      "MCP's result with something else",
      { body: '{"content":[],"structuredContent":{"n":"1"}}' },
      typed,
      'backend_output_schema',
    ],
  ])('of %s is none', (_, given, tool, reason) => {
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
  ])('with status %i fails with %i: %s', (status, passedOn, message) => {
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
  ])('that refuses with %j says %j', (body, message) => {
    const given = answer({ status: 400, body: JSON.stringify(body) })
    expect(toOutcome(given, untyped)).toEqual(failed('backend_http_400', 400, message))
  })

  test.each(['text/plain', 'text/html', 'application/octet-stream', ''])(
    'that refuses with a page in %j is not quoted',
    (contentType) => {
      const given = answer({ status: 400, contentType, body: '<p>stack trace</p>' })
      expect(toOutcome(given, untyped)).toEqual(
        failed('backend_http_400', 400, 'The tool refused the call (HTTP 400).'),
      )
    },
  )
})
