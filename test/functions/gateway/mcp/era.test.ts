import { describe, expect, test } from 'vitest'
import { readInbound } from '../../../../functions/gateway/mcp/revision.ts'
import { refusalOf } from '../../../support/gateway/rpc-refusal.ts'

describe('the era of a message', () => {
  const VERSION = 'io.modelcontextprotocol/protocolVersion'
  const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
  const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} }
  const FIELDS = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'a',
  }
  const call = (
    meta: object | undefined,
    params: object = { name: 'a' },
    method = 'tools/call',
  ) => ({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, ...(meta && { _meta: meta }) },
  })
  const plain = (method: string) => ({ jsonrpc: '2.0', id: 1, method })
  const named = (revision: string) => ({ 'mcp-protocol-version': revision })
  const notification = { jsonrpc: '2.0', method: 'notifications/cancelled' }
  type Fields = Readonly<Record<string, string | undefined>>

  test.each<[string, unknown, Fields, 'stateless' | 'handshake']>([
    ['a call with everything', call(META), FIELDS, 'stateless'],
    ['fields with white space around', call(META), { ...FIELDS, 'mcp-name': ' a ' }, 'stateless'],
    [
      'a name in base64',
      call(META, { name: 'é' }),
      { ...FIELDS, 'mcp-name': '=?base64?w6k=?=' },
      'stateless',
    ],
    [
      'a name that is no text: for the method to refuse',
      call(META, { name: 7 }),
      { ...FIELDS, 'mcp-name': undefined },
      'stateless',
    ],
    [
      'a method without a name',
      call(META, {}, 'tools/list'),
      { ...FIELDS, 'mcp-method': 'tools/list', 'mcp-name': 'whatever' },
      'stateless',
    ],
    [
      'a notification without fields',
      { ...notification, params: { _meta: { [VERSION]: '2026-07-28' } } },
      {},
      'stateless',
    ],
    ['a notification by its field', notification, named('2026-07-28'), 'stateless'],
    ['a ping without fields', plain('ping'), {}, 'handshake'],
    ['initialize', plain('initialize'), {}, 'handshake'],
    ['initialize that names any revision', plain('initialize'), named('1999-01-01'), 'handshake'],
    ['an answer', { jsonrpc: '2.0', id: 1, result: {} }, named('2026-07-28'), 'handshake'],
    ['_meta that names no revision', call({ traceparent: 'x' }), {}, 'handshake'],
    ['_meta that is no object', call([] as object), {}, 'handshake'],
    ['a foreign Mcp-Method before that era', plain('ping'), { 'mcp-method': 'x' }, 'handshake'],
    ...['2025-11-25', '2025-06-18', '2025-03-26'].map(
      (revision): [string, unknown, Fields, 'handshake'] => [
        `${revision} in its field`,
        plain('tools/list'),
        named(revision),
        'handshake',
      ],
    ),
  ])('%s', (_, value, fields, era) => {
    expect(readInbound(value, fields)).toMatchObject({ era, message: {} })
  })

  const MISMATCH = -32020
  const INVALID = -32602
  test.each<[string, unknown, Fields, number, string]>([
    [
      'the field names another revision',
      call(META),
      { ...FIELDS, ...named('2025-11-25') },
      MISMATCH,
      'Header mismatch: MCP-Protocol-Version and the body name different revisions.',
    ],
    [
      'the field is missing',
      call(META),
      { ...FIELDS, 'mcp-protocol-version': undefined },
      MISMATCH,
      'Header mismatch: MCP-Protocol-Version is missing.',
    ],
    [
      'the method is missing',
      call(META),
      { ...FIELDS, 'mcp-method': undefined },
      MISMATCH,
      'Header mismatch: Mcp-Method is missing.',
    ],
    [
      'the method is another',
      call(META),
      { ...FIELDS, 'mcp-method': 'tools/list' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'the method is in other letters',
      call(META),
      { ...FIELDS, 'mcp-method': 'Tools/Call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'the name is missing',
      call(META),
      { ...FIELDS, 'mcp-name': undefined },
      MISMATCH,
      'Header mismatch: Mcp-Name is missing.',
    ],
    ...[
      'b',
      'A',
      '',
      'a, a',
      '=?base64?Yg==?=',
      '=?base64?YQ?=',
      '=?base64?YQ==?= =?base64?YQ==?=',
      '=?base64?4?=',
    ].map((name): [string, unknown, Fields, number, string] => [
      `the name is ${JSON.stringify(name)}`,
      call(META),
      { ...FIELDS, 'mcp-name': name },
      MISMATCH,
      'Header mismatch: Mcp-Name and the body name different tools.',
    ]),
    [
      'a notification names another method',
      { ...notification, params: { _meta: META } },
      { 'mcp-method': 'tools/call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'a notification without _meta names another method',
      notification,
      { ...named('2026-07-28'), 'mcp-method': 'tools/call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'initialize comes in the stateless era',
      plain('initialize'),
      named('2026-07-28'),
      MISMATCH,
      'Header mismatch: initialize belongs to an older revision.',
    ],
    [
      'the body does not name the revision',
      call(undefined),
      FIELDS,
      INVALID,
      `Invalid params: _meta["${VERSION}"] is missing.`,
    ],
    [
      'the revision is no text',
      call({ ...META, [VERSION]: 20260728 }),
      FIELDS,
      INVALID,
      `Invalid params: _meta["${VERSION}"] is not a string.`,
    ],
    ...[undefined, null, [], 'x'].map((given): [string, unknown, Fields, number, string] => [
      `the capabilities are ${JSON.stringify(given)}`,
      call({ ...META, [CAPABILITIES]: given }),
      FIELDS,
      INVALID,
      `Invalid params: _meta["${CAPABILITIES}"] must be an object.`,
    ]),
  ])('is refused when %s', (_, value, fields, code, message) => {
    expect(refusalOf(() => readInbound(value, fields))).toEqual({ status: 400, code, message })
  })

  test.each<[string, unknown, Fields, string]>([
    ['in the field', plain('ping'), named('2024-11-05'), '2024-11-05'],
    ['in an empty field', plain('ping'), named(''), ''],
    ['in the body', call({ ...META, [VERSION]: '2030-01-01' }), {}, '2030-01-01'],
    ['in a batch', [plain('ping')], named('1.0'), '1.0'],
    ['of any length', plain('ping'), named('x'.repeat(500)), 'x'.repeat(64)],
  ])('a revision %s that is not supported: -32022', (_, value, fields, requested) => {
    expect(refusalOf(() => readInbound(value, fields))).toEqual({
      status: 400,
      code: -32022,
      message: 'Unsupported protocol version.',
      data: {
        supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
        requested,
      },
    })
  })

  test.each([
    ['without a field', {}],
    ['of 2025-03-26', named('2025-03-26')],
  ])('a batch %s is the handshake era', (_, fields) => {
    const values = Array.from({ length: 50 }, () => plain('ping'))
    const message = { kind: 'request', id: 1, method: 'ping', params: {} }
    expect(readInbound(values, fields)).toEqual({
      era: 'handshake',
      batch: values.map(() => message),
    })
  })

  test.each<[string, unknown[], Fields, string]>([
    ['nothing', [], {}, 'a batch must have 1 to 50 messages.'],
    [
      '51',
      Array.from({ length: 51 }, () => plain('ping')),
      {},
      'a batch must have 1 to 50 messages.',
    ],
    ['initialize', [plain('ping'), plain('initialize')], {}, 'initialize must not be in a batch.'],
    ['a number', [plain('ping'), 7], {}, 'not a JSON-RPC 2.0 message.'],
    ['a batch', [[plain('ping')]], {}, 'not a JSON-RPC 2.0 message.'],
    ['2026-07-28', [plain('ping')], named('2026-07-28'), '2026-07-28 has no batches.'],
    ['2026-07-28 by its _meta', [plain('ping'), call(META)], {}, '2026-07-28 has no batches.'],
    ['2025-06-18', [plain('ping')], named('2025-06-18'), '2025-06-18 has no batches.'],
    ['2025-11-25', [plain('ping')], named('2025-11-25'), '2025-11-25 has no batches.'],
  ])('a batch of %s is refused: -32600', (_, values, fields, message) => {
    expect(refusalOf(() => readInbound(values, fields))).toEqual({
      status: 400,
      code: -32600,
      message: `Invalid Request: ${message}`,
    })
  })
})
