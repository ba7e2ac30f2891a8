import { statelessRequest } from '../support/http/serve.ts'
import type { LoadRequest } from './load.ts'

const KILOBYTE = 1_024

/** An MCP `tools/call` of `listEvents` with arguments of about `kilobytes` KB. */
export function call(token: string | undefined, kilobytes = 1): LoadRequest {
  const note = 'x'.repeat(kilobytes * KILOBYTE)
  return post('tools/call', token, { name: 'listEvents', arguments: { limit: 5, note } })
}

export function listTools(token: string): LoadRequest {
  return post('tools/list', token, {})
}

/** The measured sizes of a call, in KB. */
export const SIZES_KB = [1, 10, 100, 500, 1_000] as const

/** The catalogue sizes for which `tools/list` is measured. */
export const TOOL_COUNTS = [1, 10, 100, 1_000] as const

/** The same call over REST. */
export function restCall(token: string): LoadRequest {
  const body = JSON.stringify({ limit: 5, note: 'x'.repeat(KILOBYTE) })
  const headers = { 'content-type': 'application/json', ...credentials(token), ...length(body) }
  return { method: 'POST', path: '/tools/listEvents', headers, body }
}

export const nothing: LoadRequest = { method: 'GET', path: '/', headers: {}, body: '' }

function post(method: string, token: string | undefined, params: Record<string, unknown>) {
  const { headers, body } = statelessRequest(method, params)
  const text = JSON.stringify(body)
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      ...headers,
      accept: 'application/json, text/event-stream',
      ...credentials(token),
      ...length(text),
    },
    body: text,
  } as const
}

function credentials(token: string | undefined) {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

function length(body: string) {
  return { 'content-length': String(Buffer.byteLength(body)) }
}
