import { MCP_PATH } from '../../../../shared/oauth/protected-resource.ts'
import { initialize } from '../../../diagnostics/observe/edge-requests.ts'
import { allowsOrigin, type Exchange, type Probe } from '../../../diagnostics/probe.ts'

/** What a page of the deployment itself gets. */
export interface PageSeen {
  /** Its origin. */
  readonly page: string
  readonly preflight: Exchange
  /** `initialize` without credentials, from such a page. */
  readonly fromPage: Exchange
}

/**
 * The deployment's own pages are at the PUBLIC_URL of the gateway, which each of the candidates may
 * be: the first that may call, or else the first.
 */
export async function observePage(
  origin: string,
  candidates: readonly [string, ...(string | undefined)[]],
  probe: Probe,
): Promise<PageSeen> {
  const asked = [...new Set(candidates)].filter((page) => page !== undefined)
  const first = await ask(origin, candidates[0], probe)
  if (allowsOrigin(first.preflight, first.page)) return first
  const others = await Promise.all(asked.slice(1).map((page) => ask(origin, page, probe)))
  return others.find(({ page, preflight }) => allowsOrigin(preflight, page)) ?? first
}

async function ask(origin: string, page: string, probe: Probe): Promise<PageSeen> {
  const [preflight, fromPage] = await Promise.all([
    probe({
      url: `${origin}${MCP_PATH}`,
      method: 'OPTIONS',
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
      },
    }),
    initialize(probe, origin, { origin: page }),
  ])
  return { page, preflight, fromPage }
}
