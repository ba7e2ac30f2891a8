import {
  Client,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Tool,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { causeOf, type Fetch } from './fetch-document.ts'
import { type Found, StepError } from './step.ts'

const ME = { name: 'connect', version: '1.0.0' }
const MAX_SEEN_CHARACTERS = 200

/** An MCP client of the newest revision that the server speaks, with the token. */
export async function openClient(send: Fetch, url: string, accessToken: string): Promise<Client> {
  const client = new Client(ME, { versionNegotiation: { mode: 'auto' } })
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: send,
    requestInit: { headers: { authorization: `Bearer ${accessToken}` } },
  })
  try {
    await client.connect(transport)
  } catch (error) {
    throw toStepError(error)
  }
  return client
}

/** The tools, by name. */
export async function listTools(client: Client): Promise<Found<readonly Tool[]>> {
  const { tools } = await client.listTools().catch((error: unknown) => {
    throw toStepError(error)
  })
  const version = client.getNegotiatedProtocolVersion()
  if (tools.length === 0) throw new StepError('no_tools', `MCP ${version}, an empty list`)
  const names = tools.map(({ name }) => name).join(' ')
  return { value: tools, seen: `MCP ${version}, ${names}` }
}

/** Calls the first tool that the token suffices for and that needs no arguments. */
export async function callTool(
  client: Client,
  tools: readonly Tool[],
  granted: readonly string[],
): Promise<Found<undefined>> {
  const ready = tools.filter((tool) => (tool.inputSchema.required ?? []).length === 0)
  const allowed = ready.filter((tool) => scopesOf(tool).every((scope) => granted.includes(scope)))
  const tool = allowed.find(({ annotations }) => annotations?.readOnlyHint === true) ?? allowed[0]
  if (tool === undefined) {
    const [first] = ready
    if (first === undefined)
      return { value: undefined, seen: 'every tool needs arguments: none called' }
    throw new StepError('insufficient_scope', `${first.name} needs ${scopesOf(first).join(' ')}`)
  }
  const result = await client
    .callTool({ name: tool.name, arguments: {} })
    .catch((error: unknown) => {
      throw toStepError(error)
    })
  const [block] = result.content
  const text = block?.type === 'text' ? block.text.slice(0, MAX_SEEN_CHARACTERS) : 'no text'
  if (result.isError === true) throw new StepError('tool_failed', `${tool.name}: ${text}`)
  return { value: undefined, seen: `${tool.name}: ${text}` }
}

/** From the tool's security schemes, the standard member or its mirror. */
function scopesOf(tool: Tool): readonly string[] {
  const own = 'securitySchemes' in tool ? tool['securitySchemes'] : undefined
  const schemes = own ?? tool._meta?.['securitySchemes']
  if (!Array.isArray(schemes)) return []
  return schemes.flatMap((scheme: unknown) => {
    const { scopes }: { readonly scopes?: unknown } = Object(scheme)
    return Array.isArray(scopes) ? scopes.map(String) : []
  })
}

function toStepError(error: unknown): StepError {
  if (error instanceof UnauthorizedError) return new StepError('token_rejected', error.message)
  if (error instanceof SdkHttpError) {
    const seen = `HTTP ${error.status}`
    if (error.status === 401) return new StepError('token_rejected', seen)
    if (error.status === 403) return new StepError('insufficient_scope', seen)
    if (error.status === 503) return new StepError('gateway_unavailable', seen)
    return new StepError('protocol', seen)
  }
  if (error instanceof TypeError) return new StepError('unreachable', causeOf(error))
  return new StepError('protocol', error instanceof Error ? error.message : String(error))
}
