import { createHmac } from 'node:crypto'
import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../functions/gateway/backend/send.ts'
import {
  createStatementSigner,
  type Statement,
} from '../../../functions/gateway/backend/statement.ts'
import { type CallableTool, compileTool } from '../../../functions/gateway/callable-tool.ts'
import {
  errorResponse,
  errorText,
  idOf,
  RpcError,
  readJson,
  resultText,
  toMessage,
} from '../../../functions/gateway/mcp/json-rpc.ts'
import { createWriter, toCallToolResult } from '../../../functions/gateway/mcp/mcp-result.ts'
import { readInbound } from '../../../functions/gateway/mcp/revision.ts'
import { readCallToolResult } from '../../../functions/gateway/mcp/tool-result.ts'
import { openApiDocument } from '../../../functions/gateway/openapi/openapi.ts'
import { failed } from '../../../functions/gateway/outcome.ts'
import { toOutcome } from '../../../functions/gateway/read-outcome.ts'
import { parseTools } from '../../../shared/tools.ts'

const NOW = 1_800_000_000

function toolOf(entry: object): CallableTool {
  const tool = parseTools({ TOOLS: JSON.stringify({ a: { scopes: [], ...entry } }) }, compileTool)
  return tool.get('a') as CallableTool
}

/** The error that it throws, in the parts that go on the wire. */
function refusalOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const { status, code, message, data } = error
    return { status, code, message, ...(data !== undefined && { data }) }
  }
  return 'accepted'
}

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
  ])('%j is %j', (value, message) => {
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
  ])('%j is none: -32600', (value) => {
    expect(refusalOf(() => toMessage(value))).toEqual({
      status: 400,
      code: -32600,
      message: 'Invalid Request: not a JSON-RPC 2.0 message.',
    })
  })

  test.each([
    ['nothing', ''],
    ['half of one', '{"jsonrpc":'],
    ['two', '{}{}'],
    ['one with a byte order mark', '\ufeff{}'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['brackets without end', '['.repeat(100_000)],
    ['brackets too deep', `${'['.repeat(1_000)}${']'.repeat(1_000)}`],
  ])('of %s is not JSON: -32700', (_, body) => {
    expect(refusalOf(() => readJson(Buffer.from(body)))).toEqual({
      status: 400,
      code: -32700,
      message: 'Parse error: the body is not JSON.',
    })
  })

  test.each(['9007199254740993', '-12345678901234567890', '1e400'])(
    'whose id would come back as another is none: %s',
    (id) => {
      const body = Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      const { value } = readJson(body)
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
  ])('%j is answered by the id %j when it is refused', (value, id) => {
    expect(idOf(value)).toBe(id)
  })

  test('its answer is JSON whatever its id is', () => {
    const id = '"}\n\u2028</script>'
    expect(JSON.parse(resultText(id, '{"a":1}'))).toEqual({ jsonrpc: '2.0', id, result: { a: 1 } })
    const error = new RpcError(400, -32602, 'No.', { b: 2 })
    expect(JSON.parse(errorText(id, error))).toEqual({
      jsonrpc: '2.0',
      id,
      error: { code: -32602, message: 'No.', data: { b: 2 } },
    })
  })

  test('an error without data has none, and goes with its own status', () => {
    expect(errorResponse(null, new RpcError(404, -32601, 'No.'), { x: 'y' })).toEqual({
      status: 404,
      headers: { 'content-type': 'application/json', x: 'y' },
      body: '{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"No."}}',
    })
  })
})

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
    ['nothing', [], {}, '1 to 50 messages.'],
    ['51', Array.from({ length: 51 }, () => plain('ping')), {}, '1 to 50 messages.'],
    ['initialize', [plain('ping'), plain('initialize')], {}, 'initialize stands alone.'],
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

describe('the statement', () => {
  const SECRET = 's'.repeat(32)
  const statement: Statement = {
    issuer: 'https://mcp.test',
    audience: 'https://backend.test/listEvents',
    identity: {
      subject: 'auth0|alice',
      clientId: 'tpc_chatgpt',
      scopes: new Set(['b', 'a']),
      expiresAt: NOW + 60,
    },
    tool: 'listEvents',
    requestId: 'request-1',
    body: '{"limit":1}',
    now: NOW,
  }
  const of = (changes: Partial<Statement> = {}) =>
    createStatementSigner({ secret: SECRET })({ ...statement, ...changes })
  const identityOf = (changes: object) => ({
    identity: { ...statement.identity, ...changes } as NonNullable<Statement['identity']>,
  })

  test('says who calls what, with which body', async () => {
    const { 'x-gateway-assertion': assertion = '' } = of()
    const { payload, protectedHeader } = await compactVerify(assertion, Buffer.from(SECRET))
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
      iss: 'https://mcp.test',
      aud: 'https://backend.test/listEvents',
      htm: 'POST',
      htu: 'https://backend.test/listEvents',
      sub: 'auth0|alice',
      client_id: 'tpc_chatgpt',
      scope: 'b a',
      tool: 'listEvents',
      iat: NOW,
      exp: NOW + 60,
      jti: 'request-1',
      body_sha256: '156fedef9af97685d0e6f43eebe55d8ae67fcbf34b2fea23c2b1af061b4bcdf0',
    })
  })

  test.each([
    ['auth0|alice', 'auth0:auth0|alice'],
    ['google-oauth2|1234', 'auth0:google-oauth2|1234'],
    ['samlp|a.b@c.example', 'auth0:samlp|a.b@c.example'],
    ['a b', 'auth0:a%20b'],
    ['a%20b', 'auth0:a%2520b'],
    ['a\r\nx-user-uid: auth0:bob', 'auth0:a%0D%0Ax-user-uid:%20auth0:bob'],
    ['é😀', 'auth0:%C3%A9%F0%9F%98%80'],
    ['\0', 'auth0:%00'],
    ['a.1700000000', 'auth0:a.1700000000'],
  ])('the subject %j is %s in a field, and signed so', (subject, uid) => {
    const fields = of(identityOf({ subject }))
    const signed = `${uid}.${NOW}`
    const mac = createHmac('sha256', SECRET).update(signed).digest('hex')
    expect(fields).toMatchObject({ 'x-user-uid': uid, 'x-gateway-sig': `${signed}.${mac}` })
  })

  test('of nobody names no user', async () => {
    const fields = of({ identity: undefined })
    expect(Object.keys(fields)).toEqual(['x-gateway-assertion'])
    const { payload } = await compactVerify(
      fields['x-gateway-assertion'] ?? '',
      Buffer.from(SECRET),
    )
    const claims = JSON.parse(Buffer.from(payload).toString())
    for (const claim of ['sub', 'client_id', 'scope']) expect(claims).not.toHaveProperty(claim)
    expect(claims).toMatchObject({ tool: 'listEvents', jti: 'request-1' })
  })

  test.each<[string, Partial<Statement>]>([
    ['body', { body: '{"limit":2}' }],
    ['tool', { tool: 'addEvent' }],
    ['backend', { audience: 'https://backend.test/addEvent' }],
    ['issuer', { issuer: 'https://other.test' }],
    ['request', { requestId: 'request-2' }],
    ['second', { now: NOW + 1 }],
    ['user', identityOf({ subject: 'auth0|bob' })],
    ['client', identityOf({ clientId: undefined })],
    ['scope', identityOf({ scopes: new Set(['b']) })],
  ])('of another %s is another', (_, changes) => {
    expect(of(changes)['x-gateway-assertion']).not.toBe(of()['x-gateway-assertion'])
  })

  test('one signer keeps users and seconds apart', () => {
    const sign = createStatementSigner({ secret: SECRET })
    const sigOf = (subject: string, now: number) =>
      sign({ ...statement, ...identityOf({ subject }), now })['x-gateway-sig']
    const order: [string, number][] = [
      ['a', NOW],
      ['b', NOW],
      ['a', NOW],
      ['a', NOW + 1],
      ['b', NOW],
    ]
    for (const [subject, now] of order) {
      const fresh = of({ ...identityOf({ subject }), now })['x-gateway-sig']
      expect(sigOf(subject, now)).toBe(fresh)
    }
  })
})

describe("a backend's answer", () => {
  const untyped = toolOf({})
  const typed = toolOf({
    outputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  })
  const answer = (changes: Partial<Omit<Answer, 'body'>> & { body?: string | Buffer }): Answer => ({
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

  const UNREADABLE = 'The tool answered in a form that it does not promise.'
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
    [100, 502, 'The tool did not give an answer.'],
    [301, 502, 'The tool did not give an answer.'],
    [304, 502, 'The tool did not give an answer.'],
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

describe("MCP's own result", () => {
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
  ])('%j is one, passed on to the letter', (value) => {
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
  ])('%j is none', (value) => {
    expect(readCallToolResult(value)).toBeUndefined()
  })
})

describe('an outcome as a result', () => {
  const untyped = toolOf({})
  const object = toolOf({ outputSchema: { type: 'object' } })
  const list = toolOf({ outputSchema: { type: 'array' } })
  const said = (text: string) => [{ type: 'text', text }]

  test.each<[string, unknown, CallableTool, 'handshake' | 'stateless', unknown]>([
    ['no promise', { a: 1 }, untyped, 'handshake', { content: said('{"a":1}') }],
    ['no promise', { a: 1 }, untyped, 'stateless', { content: said('{"a":1}') }],
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
  ])('JSON of a tool that promises %s: %j', (_, value, tool, era, result) => {
    expect(toCallToolResult({ kind: 'json', value }, tool, era)).toEqual(result)
  })

  test('text is text, and none is nothing', () => {
    const result = (text: string) => toCallToolResult({ kind: 'text', text }, untyped, 'handshake')
    expect(result('a')).toEqual({ content: said('a') })
    expect(result('')).toEqual({ content: [] })
  })

  test('a failure says its sentence, never its reason', () => {
    const outcome = failed('backend_unreachable', 502, 'The tool cannot be reached right now.')
    expect(toCallToolResult(outcome, untyped, 'handshake')).toEqual({
      content: said('The tool cannot be reached right now.'),
      isError: true,
    })
  })

  test('each era adds its own to what is written', () => {
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

describe('the OpenAPI document', () => {
  const catalogue = parseTools(
    {
      TOOLS: JSON.stringify({
        z: {
          title: 'Z',
          description: 'D',
          scopes: ['b', 'a'],
          annotations: { readOnlyHint: true },
        },
        'a.b': { scopes: [], inputSchema: { type: 'object', required: ['x'] } },
        __proto__x: { scopes: ['a'] },
      }),
    },
    compileTool,
  )
  const document = openApiDocument(catalogue, {
    publicUrl: 'https://mcp.test:8443',
    issuer: 'https://tenant.eu.auth0.com/',
    audience: 'https://mcp.test:8443/mcp?a=b&c',
  })

  test('has a path for each tool, in the order as written', () => {
    expect(Object.keys(document.paths)).toEqual(['/tools/z', '/tools/a.b', '/tools/__proto__x'])
    expect(document.servers).toEqual([{ url: 'https://mcp.test:8443' }])
    expect(document.info.title).toBe('Tools at mcp.test:8443')
  })

  test('names the scopes of all tools once, sorted, and where to get them', () => {
    expect(document.components.securitySchemes.auth0.flows.authorizationCode).toEqual({
      authorizationUrl:
        'https://tenant.eu.auth0.com/authorize?audience=https%3A%2F%2Fmcp.test%3A8443%2Fmcp%3Fa%3Db%26c',
      tokenUrl: 'https://tenant.eu.auth0.com/oauth/token',
      scopes: { a: 'a', b: 'b' },
    })
  })

  test.each([
    ['/tools/z', { security: [{ auth0: ['a', 'b'] }], 'x-openai-isConsequential': false }],
    ['/tools/z', { operationId: 'z', summary: 'Z', description: 'D' }],
    ['/tools/a.b', { security: [], 'x-openai-isConsequential': true, summary: 'a.b' }],
    ['/tools/a.b', { requestBody: { required: true } }],
    ['/tools/__proto__x', { requestBody: { required: false } }],
  ])('%s: %j', (path, described) => {
    expect(document.paths[path]?.post).toMatchObject(described)
  })
})
