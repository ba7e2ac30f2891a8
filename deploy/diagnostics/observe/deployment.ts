import { asObject, parseJson } from '../../../shared/json.ts'
import { MCP_PATH } from '../../../shared/oauth/protected-resource.ts'
import type { Probe, ProbeResult } from '../probe.ts'
import { firstDocument, isResponse, type JsonObject, stringsIn } from '../probe-result.ts'
import {
  type BrowserObservation,
  callsWithoutToken,
  directAccess,
  type EdgeObservation,
  edgeRequests,
  observeBrowser,
  retryAfterMs,
  withUnknownKey,
} from './edge-requests.ts'
import { type IssuerObservation, observeIssuer } from './issuer.ts'
import { protectedToolIn, serverIn, type ToolScopes, toolsIn } from './openapi-tools.ts'

/** The observation of a deployment by its URL. Each document was fetched once. */
export interface DeploymentObservation extends EdgeObservation, BrowserObservation {
  readonly origin: string
  /** The URL of the MCP endpoint. */
  readonly endpoint: string
  /** The function URLs of `--function-url`. */
  readonly functions: readonly { readonly url: string; readonly results: readonly ProbeResult[] }[]
  /** The protected resource metadata, from the first path that has it. */
  readonly metadata: JsonObject | undefined
  /** Whether clients read the authorization server's metadata from the deployment itself. */
  readonly isCurated: boolean
  readonly issuer: IssuerObservation | undefined
  /** A protected tool, called without credentials; the unauthenticated `initialize` if no tool is public. */
  readonly refused: ProbeResult
  /** Undefined when the deployment does not publish them. */
  readonly tools: ToolScopes | undefined
}

export interface DeploymentOptions {
  readonly origin: string
  readonly functionUrls: readonly string[]
  readonly probe: Probe
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** Sends each request once: first to the edge, then to the issuer that it names. Never throws. */
export async function observeDeployment({
  origin,
  functionUrls,
  probe,
  sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}: DeploymentOptions): Promise<DeploymentObservation> {
  const edge = await allOf(edgeRequests(origin, probe))
  const metadata = firstDocument(edge.protectedResource)
  const openApi = firstDocument([edge.openApi])
  const publicUrls = [originIn(serverIn(openApi)), originIn(metadata?.['resource'])]
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const isCurated = named === origin || named === `${origin}/`
  const issuerUrl = isCurated || named === undefined ? issuerInHealth(edge.auth0Health) : named
  const { browser, functions, issuer } = await allOf({
    browser: observeBrowser(origin, [origin, ...publicUrls], probe),
    functions: Promise.all(functionUrls.map((url) => directAccess(probe, url))),
    issuer: issuerUrl === undefined ? undefined : observeIssuer(issuerUrl, probe),
  })
  const tools = toolsIn(openApi)
  const isPublic = isResponse(edge.unauthenticated) && edge.unauthenticated.status === 200
  const protectedTool = isPublic ? protectedToolIn(tools) : undefined
  const calls = protectedTool && (await callsWithoutToken(probe, origin, protectedTool))
  const hasKeys = (issuer?.usableKids.length ?? 0) > 0
  const waitMs = hasKeys ? retryAfterMs(edge.unknownKey) : undefined
  if (waitMs !== undefined) await sleep(waitMs)
  return {
    origin,
    endpoint: `${origin}${MCP_PATH}`,
    ...edge,
    ...browser,
    ...{ functions, issuer },
    ...(waitMs !== undefined && { unknownKey: await withUnknownKey(origin, probe) }),
    ...(calls && { chatGptCall: calls.inChatGpt }),
    refused: calls ? calls.plain : edge.unauthenticated,
    metadata,
    isCurated,
    tools,
  }
}

/** Returns the results of all requests to the edge. */
export function edgeResults(observed: DeploymentObservation): readonly ProbeResult[] {
  const { protectedResource, authorizationServer, health, auth0Health, openApi } = observed
  const { appsChallenge, unknownPath, mcpGet, unauthenticated, badToken } = observed
  return [
    ...protectedResource,
    ...authorizationServer,
    ...[health, auth0Health, openApi, appsChallenge, unknownPath, mcpGet],
    ...[unauthenticated, badToken, observed.unknownKey, observed.chatGptCall],
  ]
}

function originIn(resource: unknown): string | undefined {
  return typeof resource === 'string' ? URL.parse(resource)?.origin : undefined
}

/** With curated metadata only the health report names the issuer of the tokens. */
function issuerInHealth(health: ProbeResult): string | undefined {
  if (!isResponse(health)) return undefined
  const report = asObject(parseJson(health.text)?.value)
  const issuer = asObject(report?.['issuer'])?.['url']
  return typeof issuer === 'string' && issuer !== '' ? issuer : undefined
}

async function allOf<Promises extends Readonly<Record<string, unknown>>>(
  promises: Promises,
): Promise<{ [Name in keyof Promises]: Awaited<Promises[Name]> }> {
  const settled = await Promise.all(
    Object.entries(promises).map(async ([name, promise]) => [name, await promise] as const),
  )
  return Object.fromEntries(settled) as { [Name in keyof Promises]: Awaited<Promises[Name]> }
}
