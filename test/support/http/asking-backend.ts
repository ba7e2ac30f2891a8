import { createServer, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { listen } from './listen.ts'

type Json = Readonly<Record<string, unknown>>

/** A call to a backend that returns questions. */
export interface AskingCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly claims: Json
  readonly arguments: unknown
  readonly inputResponses?: Readonly<Record<string, Json>> | undefined
  readonly requestState?: string | undefined
}

/** A backend whose tools compute each response from the call. */
export interface AskingBackend extends AsyncDisposable {
  readonly url: string
  readonly calls: AskingCall[]
}

export type AskingTools = Readonly<Record<string, (call: AskingCall) => unknown>>

/** Starts a backend that reads answers and state as docs/backends.md describes. */
export async function startAskingBackend(tools: AskingTools): Promise<AskingBackend> {
  const calls: AskingCall[] = []
  const server = createServer(async (req, res) => {
    const body = (await buffer(req)).toString()
    const { headers, url = '' } = req
    const [path = ''] = url.split('?')
    const call = {
      path,
      headers,
      body,
      claims: decodeJwt(String(headers['x-gateway-assertion'])),
      ...read(headers, body),
    }
    calls.push(call)
    const answer = tools[path.slice(1).split('/')[0] ?? '']?.(call)
    res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(answer ?? {}))
  })
  return { ...(await listen(server)), calls }
}

function read(headers: IncomingHttpHeaders, body: string): Pick<AskingCall, 'arguments'> {
  if (headers['content-type'] === 'application/vnd.mcp.input+json') return JSON.parse(body)
  const field = headers['x-gateway-input']
  const given = body === '' ? undefined : JSON.parse(body)
  const input = field && JSON.parse(Buffer.from(String(field), 'base64url').toString())
  return { arguments: given, ...input }
}

/** An elicitation request for a form with one field. */
export function form(message: string, name: string, type = 'string') {
  const requestedSchema = { type: 'object', properties: { [name]: { type } }, required: [name] }
  return { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } }
}

/** An elicitation request for a page. */
export function page(message: string, url: string) {
  return { method: 'elicitation/create', params: { mode: 'url', message, url } }
}

export function ask(inputRequests?: Json, requestState?: string) {
  return { resultType: 'input_required', inputRequests, requestState }
}
