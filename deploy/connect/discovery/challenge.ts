import { asObject } from '../../../shared/json.ts'
import { CHATGPT_AGENT, postRpc } from '../../diagnostics/observe/edge-requests.ts'
import type { Fetch, ProbeResponse } from '../../diagnostics/probe.ts'
import {
  challengeOf,
  isHtml,
  isRedirect,
  type JsonObject,
  outcomeOf,
  parseChallenge,
  rpcResultOf,
  scopesOf,
  signInIn,
} from '../../diagnostics/probe-result.ts'
import { StepError } from '../failure.ts'
import { reportingFetch, sendRequest } from './send-request.ts'

/** The endpoint's response to a caller without a token. */
export interface Challenged {
  /** The protected resource metadata that the challenge names; undefined when it names none. */
  readonly metadataUrl: string | undefined
  /** The scopes that the challenge names; undefined when it names none. */
  readonly scopes: readonly string[] | undefined
  /** Describes the challenge and ChatGPT's form of it. */
  readonly seen: string
}

/** A security scheme of a tool. */
export interface Scheme {
  readonly type?: unknown
  readonly scopes?: unknown
}

const UNKNOWN_TOOL = 'connect.no-such-tool'

/**
 * Lists the tools without a token. If that succeeds, because a tool is public, calls a protected tool,
 * whose refusal contains the challenge. The call has no arguments and no credentials.
 *
 * @throws StepError if the endpoint does not exist, or runs a protected tool without a token.
 */
export async function readChallenge(send: Fetch, url: string): Promise<Challenged> {
  const post = (method: string, params: JsonObject, headers = {}) =>
    postRpc((request) => sendRequest(send, request), url, method, params, headers)
  const unauthenticated = await post('tools/list', {})
  failOnFault(unauthenticated)
  const tool = protectedTool(rpcResultOf(unauthenticated)?.['tools'])
  if (unauthenticated.status === 200 && tool === undefined) {
    return { metadataUrl: undefined, scopes: undefined, seen: 'no tool requires a token' }
  }
  const call = { name: tool ?? UNKNOWN_TOOL, arguments: {} }
  const refused = tool === undefined ? unauthenticated : await post('tools/call', call)
  const challenge = challengeIn(refused, tool)
  const inChatGpt = await post('tools/call', call, CHATGPT_AGENT)
  const isOffered = signInIn(rpcResultOf(inChatGpt)) !== undefined
  const metadataUrl = URL.parse(challenge?.get('resource_metadata') ?? '')?.href
  return {
    metadataUrl,
    scopes: scopesOf(challenge),
    seen: [
      tool === undefined ? 'challenge' : `challenge on ${tool}`,
      metadataUrl === undefined ? 'without resource_metadata' : 'with resource_metadata',
      isOffered
        ? 'and a challenge in the tool result for ChatGPT'
        : 'and no challenge in the tool result for ChatGPT',
    ].join(' '),
  }
}

/**
 * Sends GET to the endpoint without a token, as some clients do first. Returns a description of the
 * response.
 *
 * @throws StepError if the response does not come from the endpoint.
 */
export async function probeByGet(send: Fetch, url: string): Promise<string> {
  const response = await reportingFetch(send)(url, {
    headers: { accept: 'text/event-stream' },
    redirect: 'manual',
  })
  // The body may be an endless stream.
  await response.body?.cancel()
  const { status, headers } = response
  // Servers without streams return 405.
  if (status !== 405) {
    failOnFault({ url, method: 'GET', status, headers, text: '', atMs: 0, durationMs: 0 })
  }
  return `GET ${status}`
}

/**
 * Returns the security schemes of a listed tool, from their copy in `_meta`, because the SDK drops the
 * member itself. Empty if the tool has none.
 */
export function schemesOf({
  _meta,
}: {
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
}): readonly Scheme[] {
  const schemes = _meta?.['securitySchemes']
  return Array.isArray(schemes) ? schemes.map((scheme: unknown) => Object(scheme)) : []
}

/** Returns whether the tool can be called without signing in. */
export function isOpen(schemes: readonly Scheme[]): boolean {
  return schemes.some(({ type }) => type === 'noauth')
}

function failOnFault(answer: ProbeResponse): void {
  const { method, url, status } = answer
  const seen = `${method} ${url} returned ${outcomeOf(answer)}`
  if (isHtml(answer)) throw new StepError('rewrite_returns_html', seen)
  if (isRedirect(answer)) throw new StepError('post_redirected', seen)
  if (status === 503) throw new StepError('gateway_keys_unavailable', seen)
  if (status >= 500) throw new StepError('mcp_failing', seen)
  if (status === 404 || status === 405) throw new StepError('mcp_missing', seen)
}

function challengeIn(answer: ProbeResponse, tool: string | undefined) {
  if (answer.status !== 200 || tool === undefined) return challengeOf(answer)
  const result = rpcResultOf(answer)
  const signIn = signInIn(result)
  if (signIn !== undefined) return parseChallenge(signIn)
  if (result === undefined || result['isError'] === true) return challengeOf(answer)
  throw new StepError('unauthenticated_allowed', `${tool} was called without a token`)
}

function protectedTool(tools: unknown): string | undefined {
  const listed = Array.isArray(tools) ? tools.map(asObject) : []
  const tool = listed.find((one) => {
    const schemes = schemesOf({ _meta: asObject(one?.['_meta']) })
    return schemes.length > 0 && !isOpen(schemes)
  })
  return typeof tool?.['name'] === 'string' ? tool['name'] : undefined
}
