import type { CallToolResult } from '@modelcontextprotocol/client'
import { describe, expect, test } from 'vitest'
import type { BackendResponse } from '../../../../functions/gateway/backend/send.ts'
import { toBase64 } from '../../../../functions/gateway/mcp/base64.ts'
import { toCallToolResult } from '../../../../functions/gateway/mcp/mcp-result.ts'
import { statusOf } from '../../../../functions/gateway/outcome.ts'
import { toOutcome } from '../../../../functions/gateway/read-outcome.ts'
import { toolOf } from '../../../support/gateway/callable-tool.ts'

const text = { type: 'text', text: 'quota exceeded' }

function outcomeOf(body: unknown, tool = toolOf(), changes: Partial<BackendResponse> = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const answer = { status: 200, contentType: 'application/json', contentEncoding: undefined }
  return toOutcome({ ...answer, ...changes, body: bytes }, tool)
}

function resultOf(body: unknown, tool = toolOf(), era: 'handshake' | 'stateless' = 'stateless') {
  return toCallToolResult(outcomeOf(body, tool), tool, era)
}

describe('a result with isError', () => {
  const lenient = toolOf({ outputSchema: { type: 'object' } })
  const strict = toolOf({ outputSchema: { type: 'object', required: ['n'] } })

  test.each<[string, object]>([
    ['with every member null', { _meta: null, structuredContent: null, content: [text] }],
    ['with nulls in its block', { content: [{ ...text, annotations: null, _meta: null }] }],
    ['with unknown members', { content: [text], requestId: 'r1', meta: null }],
    ['with members of the wrong type', { content: [text], _meta: 'x', structuredContent: 7 }],
    ['with a block of an unknown type', { content: [text, { type: 'chart', data: 1 }] }],
    ['with malformed blocks', { content: [7, null, { type: 'text' }, text, { type: 'image' }] }],
    ['with another resultType', { content: [text], resultType: 'input_required' }],
    ['with its message as the content', { content: 'quota exceeded' }],
    ['with its message in another member', { message: 'quota exceeded' }],
    ['with its message in structuredContent', { structuredContent: { error: text.text } }],
    ['with the members of a document', { type: 'doc', role: 'tool', content: [text] }],
    [
      'in a JSON-RPC response of an MCP server',
      { jsonrpc: '2.0', id: 1, result: { content: [text] } },
    ],
  ])('%s is an error with the message of the tool', (_, members) => {
    const body =
      'jsonrpc' in members
        ? { ...members, result: { content: [text], isError: true } }
        : { ...members, isError: true }
    for (const tool of [toolOf(), lenient, strict]) {
      const outcome = outcomeOf(body, tool)
      expect(statusOf(outcome)).toEqual({ status: 422, reason: 'tool_error' })
      for (const era of ['handshake', 'stateless'] as const) {
        const { content, isError } = toCallToolResult(outcome, tool, era) as CallToolResult
        expect(isError).toBe(true)
        expect(content[0]).toMatchObject({ type: 'text', text: 'quota exceeded' })
      }
    }
  })

  test.each<[string, object]>([
    ['no content', {}],
    ['content null', { content: null }],
    ['only unknown blocks', { content: [{ type: 'chart' }] }],
    ['other data', { rows: [1, 2], page: 3 }],
  ])('with %s is an error with a generic message', (_, members) => {
    expect(resultOf({ ...members, isError: true })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'The tool reported an error.' }],
    })
  })

  test('is an error if its members have the names of pydantic', () => {
    const body = { content: [text], structured_content: null, is_error: true, meta: { a: 1 } }
    expect(resultOf(body)).toEqual({ content: [text], isError: true, _meta: { a: 1 } })
  })

  test.each(['yes', 1, 'true'])('is an error if isError is %j', (isError) => {
    expect(resultOf({ content: [text], isError })).toMatchObject({ isError: true })
  })

  test('has no control or bidirectional characters and keeps its line breaks', () => {
    const body = { content: [{ type: 'text', text: 'a\u202eb\u0007\nc' }], isError: true }
    expect(resultOf(body).content).toEqual([{ type: 'text', text: 'ab\nc' }])
  })

  test('is made from the JSON-RPC error of an MCP server', () => {
    const body = { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'No such tool.' } }
    expect(resultOf(body)).toEqual({
      content: [{ type: 'text', text: 'No such tool.' }],
      isError: true,
    })
  })
})

describe('a result of a backend', () => {
  const said = { type: 'text', text: 'ok' }

  test.each<[string, object, object]>([
    [
      'omits members that are null',
      { _meta: null, content: [said], structuredContent: null, isError: null },
      { content: [said] },
    ],
    [
      'omits members of content blocks that are null',
      {
        content: [
          { ...said, _meta: null, annotations: { audience: null, priority: 1 } },
          { type: 'resource', resource: { uri: 'a:b', text: 'c', mimeType: null } },
          {
            type: 'resource_link',
            uri: 'a:b',
            name: 'c',
            size: null,
            icons: [{ src: 'd', sizes: null }],
          },
        ],
        isError: false,
      },
      {
        content: [
          { ...said, annotations: { priority: 1 } },
          { type: 'resource', resource: { uri: 'a:b', text: 'c' } },
          { type: 'resource_link', uri: 'a:b', name: 'c', icons: [{ src: 'd' }] },
        ],
        isError: false,
      },
    ],
    [
      'keeps null in structuredContent and _meta',
      { content: [said], structuredContent: { a: null }, _meta: { b: null } },
      { content: [said], structuredContent: { a: null }, _meta: { b: null } },
    ],
    [
      'keeps unknown members and omits unknown content blocks',
      {
        content: [{ type: 'chart' }, said, { type: 'text' }],
        requestId: 1,
        toolResult: { a: null },
      },
      { content: [said], requestId: 1, toolResult: { a: null } },
    ],
    [
      'omits invalid annotations',
      { content: [{ ...said, annotations: { priority: 7 } }], isError: false },
      { content: [said], isError: false },
    ],
    [
      'has structuredContent as text if it has no content',
      { structuredContent: { n: 1 }, isError: false },
      {
        content: [{ type: 'text', text: '{"n":1}' }],
        structuredContent: { n: 1 },
        isError: false,
      },
    ],
    [
      'can be empty if isError is false',
      { content: null, isError: false },
      { content: [], isError: false },
    ],
  ])('%s', (_, body, result) => {
    expect(resultOf(body)).toEqual(result)
  })

  test.each([
    ['data:image/png;base64,aGk=', undefined],
    ['data:image/png;charset=x;base64,aGk=', 'image/png'],
    ['aGk', 'image/png'],
    ['aG\r\nk=\n', 'image/png'],
  ])('has an image in base64 if the backend sends %j', (data, mimeType) => {
    const body = { content: [{ type: 'image', data, mimeType: mimeType ?? null }] }
    expect(resultOf(body)).toEqual({
      content: [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }],
    })
  })

  test('has base64 if the backend sends base64url, also in a resource', () => {
    const resource = { uri: 'a:b', blob: '-_-_' }
    const body = {
      content: [
        { type: 'audio', data: '-_8', mimeType: 'a/b' },
        { type: 'resource', resource },
      ],
    }
    expect(resultOf(body)).toEqual({
      content: [
        { type: 'audio', data: '+/8=', mimeType: 'a/b' },
        { type: 'resource', resource: { uri: 'a:b', blob: '+/+/' } },
      ],
    })
  })

  test.each<[unknown]>([
    [{ content: 'chapter one' }],
    [{ content: [1, 2], isError: false, page: 1 }],
    [{ content: [{ id: 1 }] }],
    [{ content: [{ type: 'paragraph' }], title: 'x' }],
    [{ type: 'doc', content: [{ type: 'text', text: 'a' }] }],
    [{ role: 'assistant', content: [{ type: 'text', text: 'a' }] }],
    [{ content: [], total: 0 }],
    [{ isError: false, rows: [] }],
    [{ content: null }],
    [{ content: { type: 'text', text: 'a' } }],
  ])('is not assumed for other data of the tool: %j', (body) => {
    expect(outcomeOf(body)).toEqual({ kind: 'json', value: body })
  })

  test('is not assumed if the outputSchema has a content property', () => {
    const schema = { type: 'object', properties: { content: { type: 'array' } } }
    const body = { content: [said], id: 'x' }
    expect(resultOf(body, toolOf({ outputSchema: schema }))).toMatchObject({
      structuredContent: body,
    })
  })

  test('is rejected if none of its content blocks is valid', () => {
    const body = { content: [{ type: 'image', data: '@@', mimeType: 'image/png' }], isError: false }
    expect(statusOf(outcomeOf(body))).toEqual({ status: 502, reason: 'backend_result_blocks' })
  })

  test('keeps numbers as written if JavaScript cannot represent them', () => {
    const body = '{"content":[],"structuredContent":{"id":12345678901234567890},"isError":null}'
    expect(JSON.stringify(resultOf(body))).toBe(
      '{"content":[],"structuredContent":{"id":12345678901234567890}}',
    )
  })
})

describe('structured content that is not an object', () => {
  const said = { type: 'text', text: 'one' }
  const values = [[1, 2], 'x', 7, false]

  test.each(values)('is returned in revision 2026-07-28: %j', (value) => {
    const tool = toolOf({ outputSchema: { type: ['array', 'string', 'integer', 'boolean'] } })
    const body = { content: [said], structuredContent: value }
    expect(resultOf(body, tool)).toEqual(body)
  })

  test.each(values)('is returned as text in older revisions: %j', (value) => {
    const tool = toolOf({ outputSchema: {} })
    const written = { type: 'text', text: JSON.stringify(value) }
    const of = (content: object[]) =>
      resultOf({ content, structuredContent: value }, tool, 'handshake')
    expect(of([said])).toEqual({ content: [said] })
    expect(of([])).toEqual({ content: [written] })
  })
})

describe('base64', () => {
  test.each([
    ['', ''],
    ['aGk=', 'aGk='],
    ['aGk', 'aGk='],
    ['-_8', '+/8='],
    [' aG\n k= ', 'aGk='],
    ['data:;base64,aGk=', 'aGk='],
    ['aGk=aGk=', undefined],
    ['aGk=!', undefined],
    ['aGkhx', undefined],
    ['data:text/plain,hi', undefined],
    ['é', undefined],
    [7, undefined],
  ])('in %j is read as %j', (data, canonical) => {
    expect(toBase64(data)).toBe(canonical)
  })
})
