import { RpcError, readMessageJson, toMessage } from '../../../functions/gateway/mcp/json-rpc.ts'
import { readInbound } from '../../../functions/gateway/mcp/revision.ts'
import { type FuzzTarget, MARKER, must, onlyRefuses } from '../target.ts'

const call = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: MARKER, arguments: {} },
}
const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const HEADERS = [
  {},
  { 'mcp-protocol-version': '2025-06-18' },
  { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': MARKER },
]

/** The reader of JSON-RPC messages in each era. */
export const messageTarget: FuzzTarget = {
  name: 'message',
  seeds: [
    call,
    { ...call, id: 'x', params: { ...call.params, _meta: meta } },
    { ...call, id: null },
    [call, { jsonrpc: '2.0', method: 'notifications/initialized' }],
    { jsonrpc: '2.0', id: 7, result: { [MARKER]: 1 } },
    { jsonrpc: '2.0', id: 9_007_199_254_740_991, method: 'initialize', params: [] },
  ].map((value) => JSON.stringify(value)),
  check: (text) => {
    const json = onlyRefuses([RpcError], () => readMessageJson(Buffer.from(text)))
    if (json === undefined) return
    for (const headers of HEADERS) {
      const inbound = onlyRefuses([RpcError], () => readInbound(json.value, headers))
      if (inbound === undefined) continue
      const messages = 'batch' in inbound ? inbound.batch : [inbound.message]
      for (const message of messages) {
        if (message.kind === 'response') continue
        must(typeof message.method === 'string', 'a method is not a string')
        must(
          typeof message.params === 'object' && !Array.isArray(message.params),
          'params are not an object',
        )
        if (message.kind !== 'request') continue
        const { id } = message
        must(
          typeof id === 'string' || Number.isSafeInteger(id),
          'an id cannot be represented in JSON',
        )
        must(JSON.parse(JSON.stringify(id)) === id, 'an id changes in JSON')
      }
      if ('message' in inbound) {
        must(
          onlyRefuses([RpcError], () => toMessage(json.value)) !== undefined,
          'a message is not read',
        )
      }
    }
  },
}
