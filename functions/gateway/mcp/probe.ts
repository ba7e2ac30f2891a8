import { type HttpRequest, type HttpResponse, json } from '../../../shared/http/http.ts'
import { methodNotAllowed } from '../../../shared/http/http-error.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import { type Gate, noCredentials } from '../identity.ts'
import { refusalMessage } from './refusal.ts'

/** Methods that `/mcp` answers with 401 or 405. */
export const PROBE_METHODS = ['GET', 'HEAD', 'DELETE'] as const

/**
 * Answers a request to the MCP endpoint that is no POST: 401 with the challenge without credentials
 * or with a token that is not valid, which is how clients look for the sign-in before `initialize`.
 *
 * Where a tool is open, a client may have connected without a token. SDK 1 then asks for the stream
 * by GET, with MCP-Protocol-Version, and would begin a sign-in on 401: it gets 405.
 *
 * @throws HttpError 405 with a valid token, 503 as `Gate.identify`.
 */
export async function answerProbe(gate: Gate, request: HttpRequest): Promise<HttpResponse> {
  const identity = await gate.identify(request.authorization, request.log)
  if (identity instanceof BearerError) return challenge(gate, identity)
  const isConnected = request.headers['mcp-protocol-version'] !== undefined
  if (identity === undefined && !isConnected) return challenge(gate, noCredentials())
  throw methodNotAllowed(['POST', 'OPTIONS'])
}

function challenge(gate: Gate, refusal: BearerError): HttpResponse {
  const body = { error: refusal.code ?? 'unauthorized', message: refusalMessage(refusal) }
  return json(refusal.status, body, { 'www-authenticate': gate.challenge(refusal) })
}
