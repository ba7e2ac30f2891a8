import type { CallToolResult, RequestId } from '@modelcontextprotocol/client'
import { type HttpRequest, type HttpResponse, single } from '../../../shared/http/http.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import type { Authenticator, Caller } from '../authenticator.ts'
import { PermissionError, type Refusal } from '../authorization.ts'
import type { Named } from './context.ts'
import { CODES, errorResponse, jsonResponse, RpcError, resultText } from './json-rpc.ts'
import type { Writer } from './mcp-result.ts'
import type { Era } from './revision.ts'

/** The values of AUTH_CHALLENGE. */
export type ChallengeForm = 'auto' | 'http' | 'tool-result'

/** A refused message without its arguments, which must not stay in memory while a backend works. */
export interface RefusedMessage {
  readonly id: RequestId
  readonly isToolCall: boolean
  readonly era: Era
  readonly caller: Caller | undefined
  readonly named: Named
}

/** Creates refusals in the forms that clients act on. */
export interface Refusals {
  /** Returns 401 or 403 with a challenge (RFC 6750 s3), for a message or for a whole request. */
  readonly challenge: (refusal: BearerError, message?: RefusedMessage) => HttpResponse
  /**
   * Returns the JSON-RPC message of a tool result that makes ChatGPT offer a sign-in, or that
   * reports a missing permission.
   */
  readonly result: (refusal: Refusal, message: RefusedMessage) => string
  /** Returns the response to one message, in the form that the client of the request acts on. */
  readonly answer: (
    refusal: Refusal,
    message: RefusedMessage,
    request: Pick<HttpRequest, 'headers'>,
  ) => HttpResponse
  readonly formFor: (request: Pick<HttpRequest, 'headers'>) => 'http' | 'tool-result'
}

export interface RefusalsOptions {
  readonly challenge: Authenticator['challenge']
  readonly challengeForm: ChallengeForm
  readonly write: Writer
}

const OPENAI_USER_AGENT = /openai|chatgpt/i

export function createRefusals(options: RefusalsOptions): Refusals {
  const { challenge: challengeFor, write } = options
  const formFor: Refusals['formFor'] = (request) => challengeForm(options.challengeForm, request)
  const challenge: Refusals['challenge'] = (refusal, message) => {
    const { tool, resource } = message?.named ?? {}
    const needed = refusal.status === 403 ? (tool ?? resource) : undefined
    const error = new RpcError(refusal.status, CODES.server, refusalMessage(refusal))
    return errorResponse(message?.id ?? null, error, {
      'www-authenticate': challengeFor(refusal, needed, message?.caller),
    })
  }
  const result: Refusals['result'] = (refusal, { id, era, named, caller }) => {
    if (refusal instanceof PermissionError) return resultText(id, write(errorResult(refusal), era))
    const value = challengeFor(withError(refusal), named.tool, caller)
    const refused = {
      ...errorResult({ message: `Authentication required: ${refusal.message}` }),
      _meta: { 'mcp/www_authenticate': [value] },
    }
    return resultText(id, write(refused, era))
  }
  const answer: Refusals['answer'] = (refusal, message, request) => {
    const isResult =
      refusal instanceof PermissionError ||
      (message.isToolCall && formFor(request) === 'tool-result')
    return isResult ? jsonResponse(result(refusal, message)) : challenge(refusal, message)
  }
  return { challenge, result, answer, formFor }
}

/**
 * Returns the form in which a `tools/call` of this client is refused. ChatGPT offers a sign-in only
 * on a tool result, and all other clients on 401 and 403. The user agent decides only the form,
 * never whether a call is refused.
 */
function challengeForm(
  configured: ChallengeForm,
  { headers }: Pick<HttpRequest, 'headers'>,
): 'http' | 'tool-result' {
  if (configured !== 'auto') return configured
  return OPENAI_USER_AGENT.test(single(headers['user-agent'])) ? 'tool-result' : 'http'
}

/**
 * Adds an error code if there were no credentials, because the challenge in a tool result must have
 * one.
 */
function withError(refusal: BearerError): BearerError {
  if (refusal.code !== undefined) return refusal
  return new BearerError('insufficient_scope', refusal.reason, refusal.message)
}

/** Returns a tool result with the message. Without a challenge, no client starts a sign-in. */
function errorResult({ message }: { readonly message: string }) {
  return {
    content: [{ type: 'text', text: message }],
    isError: true,
  } satisfies CallToolResult
}

/**
 * Returns the message of a refusal. The message of a 401 starts with words that clients look for.
 */
export function refusalMessage({ status, message }: BearerError): string {
  return status === 401 ? `Authentication required: ${message}` : message
}
