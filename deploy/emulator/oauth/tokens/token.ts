import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { parseJson, readText } from '../../http.ts'
import type { TenantLog } from '../../log-stream/log-streams.ts'
import type { ManagementTokens } from '../../management/token.ts'
import type { TenantState } from '../../state.ts'
import { clientIdOf } from '../access.ts'
import { createExchange, TOKEN_EXCHANGE } from './on-behalf-of.ts'

export interface TokenOptions {
  readonly state: TenantState
  readonly provider: () => Provider
  readonly tokens: ManagementTokens
  readonly log: TenantLog
}

/**
 * Creates the handler of `POST /oauth/token`: client credentials for the Management API, exchanges of
 * access tokens, and all other grants by oidc-provider. As in Auth0, the body may be JSON, and the secret
 * of a public client is ignored, because a client that was registered with a secret still sends it after
 * it became public.
 */
export function createToken({ state, provider, tokens, log }: TokenOptions) {
  const exchange = createExchange(state, log)
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const text = await readText(req)
    const form = isJson(req) ? fromJson(parseJson(text)) : new URLSearchParams(text)
    const basic = basicCredentials(req)
    if (form.get('grant_type') === 'client_credentials') {
      return tokens.issue({ ...basic, ...Object.fromEntries(form) }, res)
    }
    if (form.get('grant_type') === TOKEN_EXCHANGE) {
      return exchange({ ...basic, ...Object.fromEntries(form) }, res)
    }
    const named = form.get('client_id')
    const clientId = clientIdOf(state, named ?? basic?.client_id ?? '')
    if (named !== null) form.set('client_id', clientId)
    const isPublic = state.clients.get(clientId)?.token_endpoint_auth_method === 'none'
    if (state.settings.resource_parameter_profile === 'audience') form.delete('resource')
    const { authorization, ...headers } = req.headers
    if (isPublic) {
      form.set('client_id', clientId)
      form.delete('client_secret')
    } else if (authorization !== undefined) Object.assign(headers, { authorization })
    return provider().callback()(withForm(req, headers, form), res)
  }
}

function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '')
}

function fromJson(value: unknown): URLSearchParams {
  const members = value !== null && typeof value === 'object' ? Object.entries(value) : []
  return new URLSearchParams(members.filter(([, member]) => typeof member === 'string'))
}

/** Returns the credentials in `Authorization` (RFC 6749 s2.3.1); undefined if there are none. */
function basicCredentials({ headers }: IncomingMessage) {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(headers.authorization ?? '')?.[1]
  const pair = Buffer.from(encoded ?? '', 'base64').toString()
  const at = pair.indexOf(':')
  if (at < 0) return undefined
  // URLSearchParams decodes form encoding and does not throw for invalid percent-encoding.
  const [id, secret] = [pair.slice(0, at), pair.slice(at + 1)].map(
    (part) => new URLSearchParams(`part=${part.replaceAll('&', '%26')}`).get('part') ?? '',
  )
  return { client_id: id ?? '', client_secret: secret ?? '' }
}

/** Returns a copy of the request with another body, which has not been read. */
function withForm(
  req: IncomingMessage,
  headers: IncomingMessage['headers'],
  form: URLSearchParams,
): IncomingMessage {
  const body = form.toString()
  const copy = new IncomingMessage(req.socket)
  const { 'transfer-encoding': _, ...kept } = headers
  copy.headers = {
    ...kept,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
  }
  Object.assign(copy, { method: req.method, url: req.url, httpVersion: req.httpVersion })
  // Without this, the end of the copy counts as an aborted request.
  copy.complete = true
  copy.push(body)
  copy.push(null)
  return copy
}
