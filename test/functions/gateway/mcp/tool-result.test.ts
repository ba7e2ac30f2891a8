import { describe, expect, test } from 'vitest'
import type { CallableTool } from '../../../../functions/gateway/callable-tool.ts'
import { createWriter, toCallToolResult } from '../../../../functions/gateway/mcp/mcp-result.ts'
import { readCallToolResult } from '../../../../functions/gateway/mcp/tool-result.ts'
import { failed } from '../../../../functions/gateway/outcome.ts'
import { toolOf } from '../../../support/gateway/callable-tool.ts'

describe('readCallToolResult', () => {
  const text = { type: 'text', text: 'a' }

  test.each<[unknown]>([
    [{ content: [] }],
    [{ content: [text], isError: true, _meta: { a: 1 }, structuredContent: { b: 2 } }],
    [{ content: [{ ...text, annotations: { audience: ['user'] }, _meta: {} }] }],
    [{ content: [text], resultType: 'complete' }],
    [{ content: [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }] }],
    [{ content: [{ type: 'audio', data: 'aGk=', mimeType: 'audio/wav' }] }],
    [{ content: [{ type: 'resource_link', uri: 'a:b', name: 'c' }] }],
    [{ content: [{ type: 'resource', resource: { uri: 'a:b', text: 'c' } }] }],
    [{ content: [{ type: 'resource', resource: { uri: 'a:b', blob: 'aGk=' } }] }],
  ])('returns %j unchanged', (value) => {
    expect(readCallToolResult(value)).toEqual({ result: value, dropped: 0 })
  })

  test.each<[unknown]>([
    [null],
    [[]],
    ['content'],
    [{}],
    [{ content: null }],
    [{ content: 'a' }],
    [{ content: text }],
    [{ content: ['a'] }],
    [{ content: [{ type: 'video' }] }],
    [{ content: [{ type: 'text' }] }],
    [{ content: [{ type: 'image', data: 'no base64!', mimeType: 'image/png' }] }],
    [{ content: [{ type: 'resource', resource: { uri: 'a:b' } }] }],
    [{ content: [], isError: 'yes' }],
    [{ content: [], resultType: 'input_required' }],
    [{ content: [], pages: 3 }],
    [JSON.parse('{"__proto__": {"content": []}}')],
  ])('returns undefined for %j', (value) => {
    expect(readCallToolResult(value)).toBeUndefined()
  })
})

describe('the CallToolResult of an outcome', () => {
  const untyped = toolOf({})
  const object = toolOf({ outputSchema: { type: 'object' } })
  const list = toolOf({ outputSchema: { type: 'array' } })
  const said = (text: string) => [{ type: 'text', text }]

  test.each<[string, unknown, CallableTool, 'handshake' | 'stateless', unknown]>([
    ['undefined', { a: 1 }, untyped, 'handshake', { content: said('{"a":1}') }],
    ['undefined', { a: 1 }, untyped, 'stateless', { content: said('{"a":1}') }],
    [
      'an object',
      { a: 1 },
      object,
      'handshake',
      { content: said('{"a":1}'), structuredContent: { a: 1 } },
    ],
    [
      'an object',
      { a: 1 },
      object,
      'stateless',
      { content: said('{"a":1}'), structuredContent: { a: 1 } },
    ],
    ['a list', [1], list, 'handshake', { content: said('[1]') }],
    ['a list', [1], list, 'stateless', { content: said('[1]'), structuredContent: [1] }],
  ])('is made from JSON for a tool whose outputSchema is %s: %j', (_, value, tool, era, result) => {
    expect(toCallToolResult({ kind: 'json', value }, tool, era)).toEqual(result)
  })

  test('has a text block for text and no block for an empty text', () => {
    const result = (text: string) => toCallToolResult({ kind: 'text', text }, untyped, 'handshake')
    expect(result('a')).toEqual({ content: said('a') })
    expect(result('')).toEqual({ content: [] })
  })

  test('has the message of a failure but not its reason', () => {
    const outcome = failed('backend_unreachable', 502, 'The tool cannot be reached right now.')
    expect(toCallToolResult(outcome, untyped, 'handshake')).toEqual({
      content: said('The tool cannot be reached right now.'),
      isError: true,
    })
  })

  test('is written with the members of its era', () => {
    const result = {
      content: [],
      _meta: { a: 1, 'io.modelcontextprotocol/serverInfo': { name: 'x', version: '0' } },
    }
    const write = createWriter()
    expect(JSON.parse(write(result, 'handshake'))).toEqual(result)
    expect(JSON.parse(write(result, 'stateless'))).toEqual({
      content: [],
      resultType: 'complete',
      _meta: {
        a: 1,
        'io.modelcontextprotocol/serverInfo': { name: 'chatgpt-auth0-gateway', version: '0.1.0' },
      },
    })
  })
})
