import { MCP_PATH } from '../../../shared/oauth/protected-resource.ts'
import { protectedToolIn, serverIn, type ToolScopes, toolsIn } from './openapi-tools.ts'
import { firstDocument, isObject, type JsonObject, stringsIn } from '../exchange.ts'
import {
  aroundTheFront,
  callsWithoutToken,
  type FrontSeen,
  frontRequests,
  retryAfterMs,
  withUnknownKey,
} from './edge-requests.ts'
import { type IssuerSeen, observeIssuer } from './issuer.ts'
import { observePage, type PageSeen } from '../../auth0/doctor/outside/observe-page.ts'
import { type Exchange, isAnswer, type Probe } from '../probe.ts'

/** What a deployment answers to somebody who knows its URL alone. Everything was fetched once. */
export interface Outside extends FrontSeen, PageSeen {
  readonly origin: string
  /** What a client has been given: the URL of the MCP endpoint. */
  readonly endpoint: string
  /** The addresses of functions that were given. */
  readonly functions: readonly { readonly url: string; readonly exchanges: readonly Exchange[] }[]
  /** The protected resource metadata, from the first layout that has it. */
  readonly metadata: JsonObject | undefined
  /** True when clients are sent to the deployment itself for the authorization server's metadata. */
  readonly isCurated: boolean
  readonly issuer: IssuerSeen | undefined
  /** A protected tool, called without credentials; the refused `initialize` where no tool is public. */
  readonly refused: Exchange
  /** Undefined when the deployment does not tell. */
  readonly tools: ToolScopes | undefined
}

export interface OutsideOptions {
  readonly origin: string
  readonly functionUrls: readonly string[]
  readonly probe: Probe
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** Looks at everything once: first the front, then the issuer that it names. Never throws. */
export async function observeOutside({
  origin,
  functionUrls,
  probe,
  sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}: OutsideOptions): Promise<Outside> {
  const front = await all(frontRequests(origin, probe))
  const metadata = firstDocument(front.protectedResource)
  const openApi = firstDocument([front.openApi])
  const publicUrls = [originIn(serverIn(openApi)), originIn(metadata?.['resource'])]
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const isCurated = named === origin || named === `${origin}/`
  const issuerUrl = isCurated || named === undefined ? issuerInHealth(front.auth0Health) : named
  const rest = await all({
    page: observePage(origin, [origin, ...publicUrls], probe),
    functions: Promise.all(functionUrls.map((url) => aroundTheFront(probe, url))),
    issuer: issuerUrl === undefined ? undefined : observeIssuer(issuerUrl, probe),
  })
  const tools = toolsIn(openApi)
  const protectedTool = isAnswer(front.bare) && front.bare.status === 200 && protectedToolIn(tools)
  const calls = protectedTool && (await callsWithoutToken(probe, origin, protectedTool))
  const hasKeys = (rest.issuer?.usableKids.length ?? 0) > 0
  const patience = hasKeys ? retryAfterMs(front.unknownKey) : undefined
  if (patience !== undefined) await sleep(patience)
  return {
    origin,
    endpoint: `${origin}${MCP_PATH}`,
    ...front,
    ...rest,
    ...(patience !== undefined && { unknownKey: await withUnknownKey(origin, probe) }),
    ...rest.page,
    ...(calls && { chatGptCall: calls.inChatGpt }),
    refused: calls ? calls.plain : front.bare,
    metadata,
    isCurated,
    tools,
  }
}

/** Every exchange with the front. */
export function frontExchanges(seen: Outside): readonly Exchange[] {
  const { protectedResource, authorizationServer, health, auth0Health, openApi } = seen
  const { appsChallenge, notThere, mcpGet, bare, badToken, unknownKey, chatGptCall } = seen
  return [
    ...protectedResource,
    ...authorizationServer,
    ...[health, auth0Health, openApi, appsChallenge, notThere, mcpGet],
    ...[bare, badToken, unknownKey, chatGptCall],
  ]
}

function originIn(resource: unknown): string | undefined {
  return typeof resource === 'string' ? URL.parse(resource)?.origin : undefined
}

/** With curated metadata only the health report names the issuer of the tokens. */
function issuerInHealth(health: Exchange): string | undefined {
  if (!isAnswer(health)) return undefined
  try {
    const report: unknown = JSON.parse(health.text)
    const issuer = isObject(report) && isObject(report['issuer']) ? report['issuer']['url'] : ''
    return typeof issuer === 'string' && issuer !== '' ? issuer : undefined
  } catch {
    return undefined
  }
}

async function all<Promises extends Readonly<Record<string, unknown>>>(
  promises: Promises,
): Promise<{ [Name in keyof Promises]: Awaited<Promises[Name]> }> {
  const settled = await Promise.all(
    Object.entries(promises).map(async ([name, promise]) => [name, await promise] as const),
  )
  return Object.fromEntries(settled) as { [Name in keyof Promises]: Awaited<Promises[Name]> }
}
