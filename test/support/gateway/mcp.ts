import {
  type Answer,
  handshakeMessage,
  type SendOptions,
  type Served,
  statelessRequest,
} from '../http/serve.ts'

type Json = Readonly<Record<string, unknown>>

/** The resource_metadata URL in every challenge. */
export const METADATA = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'
export const JSON_TYPE = { 'content-type': 'application/json' }
/** The header field that identifies ChatGPT to the gateway. */
export const OPENAI = { 'user-agent': 'openai-mcp/1.0.0' }

/** The header field that carries this access token. */
export function bearer(token: string) {
  return { authorization: `Bearer ${token}` }
}

/** Sends a message of the older era with POST /mcp. */
export function post(
  served: Served,
  message: unknown,
  headers: SendOptions['headers'] = {},
): Promise<Answer> {
  return served.send({
    method: 'POST',
    path: '/mcp',
    headers: { ...JSON_TYPE, ...headers },
    body: message,
  })
}

/** Sends a request of the revision 2026-07-28 with POST /mcp and its header fields. */
export function postStateless(
  served: Served,
  method: string,
  params: Json = {},
  headers: SendOptions['headers'] = {},
): Promise<Answer> {
  const request = statelessRequest(method, params)
  return post(served, request.body, { ...request.headers, ...headers })
}

/** A `tools/call` message of the older era. */
export function callOf(name: string, args: Json = {}) {
  return handshakeMessage('tools/call', { name, arguments: args })
}

/** The code of the JSON-RPC error, or undefined if the response is not an error. */
export function codeOf(answer: Answer): unknown {
  return answer.json<{ error?: { code: number } }>().error?.code
}

/** The challenges for ChatGPT in the `_meta` of a tool result. */
export function challengeIn(answer: Answer): unknown {
  return answer.json<{ result: { _meta: Json } }>().result._meta['mcp/www_authenticate']
}
