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
import { UsageError } from '../kit/errors.ts'
import { chooseTool, isPermitted, isPublic, requiredScopes } from './choose-tool.ts'
import type { Imitation } from './client/imitations.ts'
import { interruption, reportingFetch } from './discovery/send-request.ts'
import { type ConnectFaultId, StepError } from './failure.ts'
import { oneLine, type StepResult } from './step.ts'

/** A tool to call, with its arguments. */
export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

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
 * Makes the `named` call, or calls a tool that requires no arguments (see `chooseTool`). The description
 * states when the tool is public, because the call then does not test the token. Does not check the
 * arguments; the server does.
 *
 * @throws UsageError that lists the tools, for an unknown tool; StepError if the token permits no tool, or
 * the call fails.
 */
export async function callTool(
  client: Client,
  tools: readonly Tool[],
  granted: readonly string[],
  named?: ToolCall,
): Promise<StepResult<undefined>> {
  const chosen =
    named === undefined ? chooseTool(tools, granted) : { tool: findTool(tools, named.name) }
  if ('skipped' in chosen) return { value: undefined, seen: chosen.skipped, isSkipped: true }
  if ('refused' in chosen) {
    const { refused } = chosen
    const required = requiredScopes(refused).join(' ')
    throw new StepError('insufficient_scope', `${refused.name} requires ${required}`)
  }
  const { tool } = chosen
  const call = { name: tool.name, arguments: { ...named?.arguments } }
  const result = await client.callTool(call).catch(rethrow)
  const [block] = result.content
  const text = block?.type === 'text' ? block.text.slice(0, MAX_SEEN_CHARACTERS) : 'no text'
  const note = isPublic(tool) ? ` (${publicNote(named === undefined ? tools : undefined)})` : ''
  const seen = `${tool.name}${note}: ${text}`
  if (result.isError === true) {
    throw refusalIn(result, seen, isPermitted(tool, granted) ? 'tool_failed' : 'insufficient_scope')
  }
  return { value: undefined, seen }
}

/**
 * Returns the tool with this name.
 *
 * @throws UsageError that lists the tools.
 */
export function findTool(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find((one) => one.name === name)
  if (tool !== undefined) return tool
  const names = tools.map((one) => one.name).join(', ')
  throw new UsageError(oneLine(`The server has no tool ${name}. Its tools: ${names}.`))
}

/** States that the call does not test the token; with `tools`, also why one of these was chosen. */
function publicNote(tools: readonly Tool[] | undefined): string {
  const note = 'public, so the call does not test the token'
  if (tools === undefined) return note
  const why = tools.every(isPublic)
    ? 'no tool requires one'
    : 'it permits no read-only protected tool without required arguments'
  return `${note}: ${why}`
}

/**
 * A refusal may be a tool result with a challenge for ChatGPT (AUTH_CHALLENGE). `otherwise` is the fault of a
 * result without one.
 */
function refusalIn({ _meta }: CallToolResult, seen: string, otherwise: ConnectFaultId): StepError {
  const signIn = signInIn({ _meta })
  if (signIn === undefined) return new StepError(otherwise, seen)
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
