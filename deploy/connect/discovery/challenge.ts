import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client'
import { asObject, parseJson } from '../../../shared/json.ts'
import { StepError } from '../causes/step-error.ts'
import { ask, describe, type Fetch, isHtml } from './fetch-document.ts'
import { isOpen, schemesOf } from './tool-schemes.ts'

/** How the endpoint answers a caller without a token. */
export interface Challenged {
  /** The protected resource metadata that the challenge names; undefined when it names none. */
  readonly metadataUrl: string | undefined
  /** The scopes that the challenge names; undefined when it names none. */
  readonly scopes: readonly string[] | undefined
  /** What was seen of the challenge and of ChatGPT's form of it. */
  readonly seen: string
}

type JsonObject = Readonly<Record<string, unknown>>

const CHATGPT = { 'user-agent': 'openai-mcp/1.0.0' }
const NO_SUCH_TOOL = 'connect.no-such-tool'
/** The `scope` of a challenge (RFC 6750 s3). */
export const SCOPE = /[\s,]scope\s*=\s*"([^"]*)"/i
const RESOURCE_METADATA = /resource_metadata\s*=\s*"([^"]*)"/i

/**
 * Asks for the tools without a token. Where that is answered, because a tool is public, calls a
 * protected tool, whose refusal has the challenge. The call has no arguments and no credentials.
 *
 * @throws StepError when the endpoint is not there, or runs a protected tool without a token.
 */
export async function readChallenge(send: Fetch, url: string): Promise<Challenged> {
  const bare = await post(send, url, 'tools/list', {})
  failOnFault(bare, url)
  const listed = await resultOf(bare)
  const tool = protectedTool(listed?.['tools'])
  if (bare.status === 200 && tool === undefined) {
    return { metadataUrl: undefined, scopes: undefined, seen: 'no tool needs a token' }
  }
  const call = { name: tool ?? NO_SUCH_TOOL, arguments: {} }
  const refused = tool === undefined ? bare : await post(send, url, 'tools/call', call)
  const { metadataUrl, scope } = await challengeIn(refused, tool)
  const inChatGpt = await post(send, url, 'tools/call', call, CHATGPT)
  const offered = signInIn(await resultOf(inChatGpt)) !== undefined
  return {
    metadataUrl,
    scopes: scope?.split(' ').filter((one) => one !== ''),
    seen: [
      tool === undefined ? 'challenge' : `challenge on ${tool}`,
      metadataUrl === undefined ? 'without resource_metadata' : 'with resource_metadata',
      offered ? 'and a sign-in in the form of ChatGPT' : 'and none in the form of ChatGPT',
    ].join(' '),
  }
}

/**
 * Sends GET to the endpoint without a token, as some clients do before anything else. Returns what
 * was seen.
 *
 * @throws StepError when another page answers than the endpoint.
 */
export async function probeByGet(send: Fetch, url: string): Promise<string> {
  const response = await ask(send, url, { headers: { accept: 'text/event-stream' } })
  await response.body?.cancel()
  // 405 is the answer of a server without streams.
  if (response.status !== 405) failOnFault(response, url, 'GET')
  return `GET ${response.status}`
}

function post(
  send: Fetch,
  url: string,
  method: string,
  params: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return ask(send, url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

function failOnFault(response: Response, url: string, method = 'POST'): void {
  const { status } = response
  const seen = `${method} ${url} answered ${describe(response)}`
  if (isHtml(response)) throw new StepError('html', seen)
  if (status >= 300 && status < 400) throw new StepError('redirected', seen)
  if (status === 503) throw new StepError('gateway_unavailable', seen)
  if (status >= 500) throw new StepError('protocol', seen)
  if (status === 404 || status === 405) throw new StepError('not_found', seen)
}

async function challengeIn(response: Response, tool: string | undefined) {
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response)
  const inHeader = { metadataUrl: resourceMetadataUrl?.href, scope }
  if (response.status !== 200 || tool === undefined) return inHeader
  const result = await resultOf(response)
  const signIn = signInIn(result)
  if (signIn !== undefined) {
    return { metadataUrl: RESOURCE_METADATA.exec(signIn)?.[1], scope: SCOPE.exec(signIn)?.[1] }
  }
  if (result === undefined || result['isError'] === true) return inHeader
  throw new StepError('unauthenticated_allowed', `${tool} was called without a token`)
}

/** The challenge in the form on which ChatGPT offers to sign in. */
function signInIn(result: JsonObject | undefined): string | undefined {
  const challenge = [asObject(result?.['_meta'])?.['mcp/www_authenticate'] ?? []].flat().join(' ')
  return challenge === '' ? undefined : challenge
}

function protectedTool(tools: unknown): string | undefined {
  const listed = Array.isArray(tools) ? tools.map(asObject) : []
  const tool = listed.find((one) => {
    const schemes = schemesOf({ _meta: asObject(one?.['_meta']) })
    return schemes.length > 0 && !isOpen(schemes)
  })
  return typeof tool?.['name'] === 'string' ? tool['name'] : undefined
}

/** The result of a JSON-RPC answer, which may be the only event of a stream. */
async function resultOf(response: Response): Promise<JsonObject | undefined> {
  if (response.bodyUsed) return undefined
  if (response.status !== 200) {
    await response.body?.cancel()
    return undefined
  }
  const text = await response.text()
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
  const events = isStream ? text.split(/\r?\n/).filter((line) => line.startsWith('data:')) : []
  const json = isStream ? (events.at(-1) ?? '').slice('data:'.length) : text
  return asObject(asObject(parseJson(json)?.value)?.['result'])
}
