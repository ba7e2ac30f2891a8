import { describe, expect, test } from 'vitest'
import {
  errorResponse,
  errorText,
  idOf,
  RpcError,
  readMessageJson,
  resultText,
  toMessage,
} from '../../../../functions/gateway/mcp/json-rpc.ts'
import { refusalOf } from '../../../support/gateway/rpc-refusal.ts'

describe('a JSON-RPC message', () => {
  const request = { jsonrpc: '2.0', id: 1, method: 'ping' }

  test.each<[unknown, unknown]>([
    [request, { kind: 'request', id: 1, method: 'ping', params: {} }],
    [
      { ...request, id: 'a' },
      { kind: 'request', id: 'a', method: 'ping', params: {} },
    ],
    [
      { ...request, id: '' },
      { kind: 'request', id: '', method: 'ping', params: {} },
    ],
    [
      { ...request, id: 0 },
      { kind: 'request', id: 0, method: 'ping', params: {} },
    ],
    [
      { ...request, id: -1 },
      { kind: 'request', id: -1, method: 'ping', params: {} },
    ],
    [
      { ...request, params: { a: [1] } },
      { kind: 'request', id: 1, method: 'ping', params: { a: [1] } },
    ],
    [
      { ...request, method: '' },
      { kind: 'request', id: 1, method: '', params: {} },
    ],
    [
      { ...request, other: 1 },
      { kind: 'request', id: 1, method: 'ping', params: {} },
    ],
    [
      { jsonrpc: '2.0', method: 'x' },
      { kind: 'notification', method: 'x', params: {} },
    ],
    [{ jsonrpc: '2.0', id: 1, result: {} }, { kind: 'response' }],
    [{ jsonrpc: '2.0', id: null, error: {} }, { kind: 'response' }],
  ])('%j is read as %j', (value, message) => {
    expect(toMessage(value)).toEqual(message)
  })

  test.each<[unknown]>([
    [null],
    [7],
    ['x'],
    [[]],
    [[request]],
    [{}],
    [{ ...request, jsonrpc: undefined }],
    [{ ...request, jsonrpc: '1.0' }],
    [{ ...request, jsonrpc: 2 }],
    [{ ...request, method: undefined }],
    [{ ...request, method: null }],
    [{ ...request, method: ['ping'] }],
    [{ ...request, id: null }],
    [{ ...request, id: 1.5 }],
    [{ ...request, id: true }],
    [{ ...request, id: {} }],
    [{ ...request, params: [1] }],
    [{ ...request, params: 'x' }],
    [JSON.parse('{"__proto__": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}')],
  ])('is rejected with -32600 if it is %j', (value) => {
    expect(refusalOf(() => toMessage(value))).toEqual({
      status: 400,
      code: -32600,
      message: 'Invalid Request: not a JSON-RPC 2.0 message.',
    })
  })

  test.each([
    ['empty', ''],
    ['truncated', '{"jsonrpc":'],
    ['two JSON values', '{}{}'],
    ['JSON with a byte order mark', '\ufeff{}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['100,000 open brackets', '['.repeat(100_000)],
    ['too deeply nested', `${'['.repeat(1_000)}${']'.repeat(1_000)}`],
  ])('is rejected with -32700 if the body is %s', (_, body) => {
    expect(refusalOf(() => readMessageJson(Buffer.from(body)))).toEqual({
      status: 400,
      code: -32700,
      message: 'Parse error: the body is not JSON.',
    })
  })

  test.each(['9007199254740993', '-12345678901234567890', '1e400'])(
    'is rejected if a JavaScript number cannot represent its id: %s',
    (id) => {
      const body = Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      const { value } = readMessageJson(body)
      expect(refusalOf(() => toMessage(value))).toMatchObject({ code: -32600 })
      expect(idOf(value)).toBeNull()
    },
  )

  test.each([
    [{ id: 1 }, 1],
    [{ id: 'a' }, 'a'],
    [{ id: 1.5 }, null],
    [{ id: {} }, null],
    [{}, null],
    [null, null],
    [[{ id: 1 }], null],
    [undefined, null],
  ])('%j gets an error response with the id %j', (value, id) => {
    expect(idOf(value)).toBe(id)
  })

  test('with an object or a list as its id is refused without reading the members of the id', () => {
    const member = () => expect.fail('a member was read')
    const object = Object.defineProperty({}, 'a', { enumerable: true, get: member })
    for (const id of [object, Object.defineProperty([1], 0, { get: member })]) {
      expect(refusalOf(() => toMessage({ ...request, id }))).toMatchObject({ code: -32600 })
      expect(idOf({ ...request, id })).toBeNull()
    }
  })

  test('gets a response that is valid JSON for any string id', () => {
    const id = '"}\n\u2028</script>'
    expect(JSON.parse(resultText(id, '{"a":1}'))).toEqual({ jsonrpc: '2.0', id, result: { a: 1 } })
    const error = new RpcError(400, -32602, 'No.', { b: 2 })
    expect(JSON.parse(errorText(id, error))).toEqual({
      jsonrpc: '2.0',
      id,
      error: { code: -32602, message: 'No.', data: { b: 2 } },
    })
  })

  test('gets an error response with the status of the error and no data member if there is no data', () => {
    expect(errorResponse(null, new RpcError(404, -32601, 'No.'), { x: 'y' })).toEqual({
      status: 404,
      headers: { 'content-type': 'application/json', x: 'y' },
      body: '{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"No."}}',
    })
  })
})
