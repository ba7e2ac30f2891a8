import {
  type Answer,
  handshakeMessage,
  type SendOptions,
  type Served,
  statelessRequest,
} from '../http/serve.ts'

type Json = Readonly<Record<string, unknown>>

/** Where every challenge says that the metadata of the protected resource is. */
export const METADATA = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'
export const JSON_TYPE = { 'content-type': 'application/json' }
/** The header field by which the gateway knows ChatGPT. */
export const OPENAI = { 'user-agent': 'openai-mcp/1.0.0' }

/** The header field that carries this access token. */
export function bearer(token: string) {
  return { authorization: `Bearer ${token}` }
}

/** POST /mcp of a message in the older era. */
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

/** POST /mcp of a request of 2026-07-28, with the header fields of that revision. */
export function postStateless(
  served: Served,
  method: string,
  params: Json = {},
  headers: SendOptions['headers'] = {},
): Promise<Answer> {
  const request = statelessRequest(method, params)
  return post(served, request.body, { ...request.headers, ...headers })
}

/** A `tools/call` in the older era. */
export function callOf(name: string, args: Json = {}) {
  return handshakeMessage('tools/call', { name, arguments: args })
}

/** The code of the JSON-RPC error, if the answer is one. */
export function codeOf(answer: Answer): unknown {
  return answer.json<{ error?: { code: number } }>().error?.code
}

/** The challenges in the `_meta` of a tool result, which ChatGPT reads there. */
export function challengeIn(answer: Answer): unknown {
  return answer.json<{ result: { _meta: Json } }>().result._meta['mcp/www_authenticate']
}
