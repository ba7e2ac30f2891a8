import {
  type CallToolResult,
  Client,
  InsufficientScopeError,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Tool,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import type { Fetch } from '../diagnostics/probe.ts'
import { parseChallenge, scopesOf, signInIn } from '../diagnostics/probe-result.ts'
import { chooseTool, isPublic, requiredScopes } from './choose-tool.ts'
import type { Imitation } from './client/imitations.ts'
import { interruption, reportingFetch } from './discovery/send-request.ts'
import { type ConnectFaultId, StepError } from './failure.ts'
import type { StepResult } from './step.ts'

const CLIENT_INFO = { name: 'connect', version: '1.0.0' }
const MAX_SEEN_CHARACTERS = 200

const FAULT_BY_STATUS: Readonly<Record<number, ConnectFaultId>> = {
  401: 'token_rejected',
  403: 'insufficient_scope',
  429: 'calls_limited',
  503: 'gateway_keys_unavailable',
}

/**
 * Connects an MCP client that uses the newest revision the server supports, or imitates a client. Calls
 * `accessToken` for each request.
 */
export async function openClient(
  send: Fetch,
  url: string,
  accessToken: () => string,
  { clientInfo = CLIENT_INFO, negotiation = 'auto' }: Partial<Imitation> = {},
): Promise<Client> {
  const client = new Client(clientInfo, { versionNegotiation: { mode: negotiation } })
  const bounded = reportingFetch(send)
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${accessToken()}`)
      return bounded(input, { ...init, headers })
    },
  })
  await client.connect(transport).catch(rethrow)
  return client
}

/** Lists the tools. */
export async function listTools(client: Client): Promise<StepResult<readonly Tool[]>> {
  const { tools } = await client.listTools().catch(rethrow)
  const version = client.getNegotiatedProtocolVersion()
  if (tools.length === 0) throw new StepError('no_tools', `MCP ${version}, an empty list`)
  const names = tools.map(({ name }) => name).join(' ')
  return { value: tools, seen: `MCP ${version}, ${names}` }
}

/**
 * Calls a tool that requires no arguments (see `chooseTool`). The description states when the tool is
 * public, because the call then does not test the token.
 *
 * @throws StepError if the token permits no such tool, or the call fails.
 */
export async function callTool(
  client: Client,
  tools: readonly Tool[],
  granted: readonly string[],
): Promise<StepResult<undefined>> {
  const ready = tools.filter((tool) => (tool.inputSchema.required ?? []).length === 0)
  const tool = chooseTool(ready, granted)
  if (tool === undefined) {
    const [first] = ready
    if (first === undefined) {
      return { value: undefined, seen: 'no tool was called, because every tool requires arguments' }
    }
    throw new StepError(
      'insufficient_scope',
      `${first.name} requires ${requiredScopes(first).join(' ')}`,
    )
  }
  const result = await client.callTool({ name: tool.name, arguments: {} }).catch(rethrow)
  const [block] = result.content
  const text = block?.type === 'text' ? block.text.slice(0, MAX_SEEN_CHARACTERS) : 'no text'
  const seen = `${tool.name}${isPublic(tool) ? ` (${publicNote(tools)})` : ''}: ${text}`
  if (result.isError === true) throw refusalIn(result, seen)
  return { value: undefined, seen }
}

function publicNote(tools: readonly Tool[]): string {
  const why = tools.every(isPublic)
    ? 'no tool requires one'
    : 'it permits no read-only protected tool without required arguments'
  return `public, so the call does not test the token: ${why}`
}

/** A refusal may be a tool result with a challenge for ChatGPT (AUTH_CHALLENGE). */
function refusalIn({ _meta }: CallToolResult, seen: string): StepError {
  const signIn = signInIn({ _meta })
  if (signIn === undefined) return new StepError('tool_failed', seen)
  const challenge = parseChallenge(signIn)
  if (challenge?.get('error') === 'invalid_token') return new StepError('token_rejected', seen)
  return new StepError('insufficient_scope', seen, { scopes: scopesOf(challenge) ?? [] })
}

function listOf(scope: string | undefined): string[] {
  return (scope ?? '').split(' ').filter((one) => one !== '')
}

function rethrow(error: unknown): never {
  throw toStepError(error)
}

function toStepError(error: unknown): StepError {
  if (error instanceof StepError) return error
  if (error instanceof UnauthorizedError) return new StepError('token_rejected', error.message)
  if (error instanceof InsufficientScopeError) {
    return new StepError('insufficient_scope', error.message, {
      scopes: listOf(error.requiredScope),
    })
  }
  if (error instanceof SdkHttpError) {
    return new StepError(FAULT_BY_STATUS[error.status] ?? 'protocol', `HTTP ${error.status}`)
  }
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof StepError) return cause
  const message = error instanceof Error ? error.message : String(error)
  return interruption(error) ?? new StepError('protocol', message.slice(0, MAX_SEEN_CHARACTERS))
}
