import type { CallToolResult } from '@modelcontextprotocol/client'
import { type HttpRequest, single } from '../../../shared/http/http.ts'
import { BearerError } from '../../../shared/oauth/bearer.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'
import type { Gate, Identity, PermissionError } from '../identity.ts'

/** AUTH_CHALLENGE. */
export type ChallengeForm = 'auto' | 'http' | 'tool-result'

const OPENAI_USER_AGENT = /openai|chatgpt/i

/**
 * The form in which this client is told that a `tools/call` is refused. ChatGPT opens its sign-in
 * only on a tool result, all others act on 401 and 403. The user agent decides the form, never
 * whether something is refused.
 */
export function challengeForm(
  configured: ChallengeForm,
  request: HttpRequest,
): 'http' | 'tool-result' {
  if (configured !== 'auto') return configured
  return OPENAI_USER_AGENT.test(single(request.headers['user-agent'])) ? 'tool-result' : 'http'
}

/** A refusal as the tool result on which ChatGPT offers to sign in. */
export function refusalResult(
  refusal: BearerError,
  challenge: Gate['challenge'],
  tool: ToolDefinition | undefined,
  identity: Identity,
): CallToolResult {
  // There the challenge must have an error, also when no credentials came.
  const named =
    refusal.code === undefined
      ? new BearerError('insufficient_scope', refusal.reason, refusal.message)
      : refusal
  return {
    content: [{ type: 'text', text: `Authentication required: ${refusal.message}` }],
    isError: true,
    _meta: { 'mcp/www_authenticate': [challenge(named, tool, identity)] },
  }
}

/** What MCP's users read when a sign-in cannot help; no client takes it for a reason to sign in. */
export function permissionResult(refusal: PermissionError): CallToolResult {
  return { content: [{ type: 'text', text: refusal.message }], isError: true }
}

/** The message of a 401, beginning with words that clients look for; of others as it is. */
export function refusalMessage({ status, message }: BearerError): string {
  return status === 401 ? `Authentication required: ${message}` : message
}
