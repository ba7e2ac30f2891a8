import { type HttpRequest, type HttpResponse, json } from '../../../shared/http/http.ts'
import { methodNotAllowed } from '../../../shared/http/http-error.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import { type Authenticator, noCredentials } from '../authenticator.ts'
import { refusalMessage } from './refusal.ts'

/** The methods that `/mcp` answers with 401 or 405. */
export const PROBE_METHODS = ['GET', 'HEAD', 'DELETE'] as const

/**
 * Answers a request to the MCP endpoint that is not a POST. Without credentials or with an invalid
 * token it answers 401 with the challenge, which clients use to find the sign-in before
 * `initialize`.
 *
 * If a tool is open, a client may have connected without a token. Version 1 of the MCP SDK then
 * requests a stream by GET, with MCP-Protocol-Version, and would start a sign-in on 401. It gets
 * 405.
 *
 * @throws HttpError 405 with a valid token, and 503 as `Authenticator.authenticate`.
 */
export async function answerProbe(
  authenticator: Authenticator,
  request: HttpRequest,
): Promise<HttpResponse> {
  const caller = await authenticator.authenticate(request.authorization, request.log)
  if (caller instanceof BearerError) return challenge(authenticator, caller)
  const isConnected = request.headers['mcp-protocol-version'] !== undefined
  if (caller === undefined && !isConnected) return challenge(authenticator, noCredentials())
  throw methodNotAllowed(['POST', 'OPTIONS'])
}

function challenge(authenticator: Authenticator, refusal: BearerError): HttpResponse {
  const body = { error: refusal.code ?? 'unauthorized', message: refusalMessage(refusal) }
  return json(refusal.status, body, { 'www-authenticate': authenticator.challenge(refusal) })
}
