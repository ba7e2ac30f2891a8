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
    ['a call with all fields', call(META), FIELDS, 'stateless'],
    [
      'header fields with surrounding white space',
      call(META),
      { ...FIELDS, 'mcp-name': ' a ' },
      'stateless',
    ],
    [
      'a name in base64',
      call(META, { name: 'é' }),
      { ...FIELDS, 'mcp-name': '=?base64?w6k=?=' },
      'stateless',
    ],
    [
      'a call whose name is not a string',
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
      'a notification without header fields',
      { ...notification, params: { _meta: { [VERSION]: '2026-07-28' } } },
      {},
      'stateless',
    ],
    ['the header field of a notification', notification, named('2026-07-28'), 'stateless'],
    ['a ping without header fields', plain('ping'), {}, 'handshake'],
    ['initialize', plain('initialize'), {}, 'handshake'],
    ['initialize with an unknown revision', plain('initialize'), named('1999-01-01'), 'handshake'],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }, named('2026-07-28'), 'handshake'],
    ['_meta without a revision', call({ traceparent: 'x' }), {}, 'handshake'],
    ['_meta that is not an object', call([] as object), {}, 'handshake'],
    ['another Mcp-Method in the handshake era', plain('ping'), { 'mcp-method': 'x' }, 'handshake'],
    ...['2025-11-25', '2025-06-18', '2025-03-26'].map(
      (revision): [string, unknown, Fields, 'handshake'] => [
        `revision ${revision} in the header field`,
        plain('tools/list'),
        named(revision),
        'handshake',
      ],
    ),
  ])('is determined by %s', (_, value, fields, era) => {
    expect(readInbound(value, fields)).toMatchObject({ era, message: {} })
  })

  const MISMATCH = -32020
  const INVALID = -32602
  test.each<[string, unknown, Fields, number, string]>([
    [
      'MCP-Protocol-Version names another revision',
      call(META),
      { ...FIELDS, ...named('2025-11-25') },
      MISMATCH,
      'Header mismatch: MCP-Protocol-Version and the body name different revisions.',
    ],
    [
      'MCP-Protocol-Version is missing',
      call(META),
      { ...FIELDS, 'mcp-protocol-version': undefined },
      MISMATCH,
      'Header mismatch: MCP-Protocol-Version is missing.',
    ],
    [
      'Mcp-Method is missing',
      call(META),
      { ...FIELDS, 'mcp-method': undefined },
      MISMATCH,
      'Header mismatch: Mcp-Method is missing.',
    ],
    [
      'Mcp-Method names another method',
      call(META),
      { ...FIELDS, 'mcp-method': 'tools/list' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'Mcp-Method differs in case',
      call(META),
      { ...FIELDS, 'mcp-method': 'Tools/Call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'Mcp-Name is missing',
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
      `Mcp-Name is ${JSON.stringify(name)}`,
      call(META),
      { ...FIELDS, 'mcp-name': name },
      MISMATCH,
      'Header mismatch: Mcp-Name and the body name different tools.',
    ]),
    [
      'Mcp-Method of a notification names another method',
      { ...notification, params: { _meta: META } },
      { 'mcp-method': 'tools/call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'Mcp-Method of a notification without _meta names another method',
      notification,
      { ...named('2026-07-28'), 'mcp-method': 'tools/call' },
      MISMATCH,
      'Header mismatch: Mcp-Method and the body name different methods.',
    ],
    [
      'initialize names a stateless revision',
      plain('initialize'),
      named('2026-07-28'),
      MISMATCH,
      'Header mismatch: initialize belongs to an older revision.',
    ],
    [
      'the body has no revision',
      call(undefined),
      FIELDS,
      INVALID,
      `Invalid params: _meta["${VERSION}"] is missing.`,
    ],
    [
      'the revision is not a string',
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
  ])('is rejected if %s', (_, value, fields, code, message) => {
    expect(refusalOf(() => readInbound(value, fields))).toEqual({ status: 400, code, message })
  })

  test.each<[string, unknown, Fields, string]>([
    ['in the header field', plain('ping'), named('2024-11-05'), '2024-11-05'],
    ['in an empty header field', plain('ping'), named(''), ''],
    ['in the body', call({ ...META, [VERSION]: '2030-01-01' }), {}, '2030-01-01'],
    ['in a batch', [plain('ping')], named('1.0'), '1.0'],
    ['with 500 characters', plain('ping'), named('x'.repeat(500)), 'x'.repeat(64)],
  ])('is rejected with -32022 for an unsupported revision %s', (_, value, fields, requested) => {
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
    ['without a header field', {}],
    ['of revision 2025-03-26', named('2025-03-26')],
  ])('is handshake for a batch %s', (_, fields) => {
    const values = Array.from({ length: 50 }, () => plain('ping'))
    const message = { kind: 'request', id: 1, method: 'ping', params: {} }
    expect(readInbound(values, fields)).toEqual({
      era: 'handshake',
      batch: values.map(() => message),
    })
  })

  test.each<[string, unknown[], Fields, string]>([
    ['no messages', [], {}, 'a batch must have 1 to 50 messages.'],
    [
      '51 messages',
      Array.from({ length: 51 }, () => plain('ping')),
      {},
      'a batch must have 1 to 50 messages.',
    ],
    [
      'a ping and initialize',
      [plain('ping'), plain('initialize')],
      {},
      'initialize must not be in a batch.',
    ],
    ['a ping and a number', [plain('ping'), 7], {}, 'not a JSON-RPC 2.0 message.'],
    ['another batch', [[plain('ping')]], {}, 'not a JSON-RPC 2.0 message.'],
    ['revision 2026-07-28', [plain('ping')], named('2026-07-28'), '2026-07-28 has no batches.'],
    [
      'revision 2026-07-28 according to _meta',
      [plain('ping'), call(META)],
      {},
      '2026-07-28 has no batches.',
    ],
    ['revision 2025-06-18', [plain('ping')], named('2025-06-18'), '2025-06-18 has no batches.'],
    ['revision 2025-11-25', [plain('ping')], named('2025-11-25'), '2025-11-25 has no batches.'],
  ])('is rejected with -32600 for a batch of %s', (_, values, fields, message) => {
    expect(refusalOf(() => readInbound(values, fields))).toEqual({
      status: 400,
      code: -32600,
      message: `Invalid Request: ${message}`,
    })
  })
})
