import { type Check, fault, type Verdict } from '../check.ts'
import { shown } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { type Answer, allowsOrigin, isAnswer, isHtml, isRedirect, outcomeOf } from '../probe.ts'

const REQUIRED_HEADERS = ['authorization', 'content-type', 'mcp-protocol-version']

/** What pages in a browser may do: the status page, MCP Inspector, web clients. */
export const BROWSER_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'CORS of metadata',
    title: 'a page may read the metadata',
    run: ({ metadataFromPage }) => {
      if (
        !isAnswer(metadataFromPage) ||
        metadataFromPage.status !== 200 ||
        isHtml(metadataFromPage)
      ) {
        return { skipped: `the metadata: ${outcomeOf(metadataFromPage)}` }
      }
      if (allowsOrigin(metadataFromPage)) return []
      return [
        fault({
          id: 'metadata_cors_missing',
          seen: `Access-Control-Allow-Origin is ${shown(header(metadataFromPage, 'access-control-allow-origin'))}`,
          why: 'Web clients and MCP Inspector cannot read where to sign in',
          fix: 'let the front pass the CORS headers of the function metadata on as they are (a cache must not drop them)',
          where: metadataFromPage.url,
        }),
      ]
    },
  },
  { name: 'CORS of /mcp', title: 'a page of the deployment may call /mcp', run: checkPreflight },
  {
    name: 'CORS of the challenge',
    title: 'a page may read the challenge',
    run: ({ fromPage }) => {
      if (!isAnswer(fromPage) || fromPage.status !== 401) {
        return { skipped: `a call from a page: ${outcomeOf(fromPage)}` }
      }
      const exposed = header(fromPage, 'access-control-expose-headers') ?? ''
      if (namesIn(exposed).has('www-authenticate')) return []
      return [
        fault({
          id: 'challenge_not_exposed',
          seen: `Access-Control-Expose-Headers is ${shown(exposed)}`,
          why: 'The browser hides the challenge from the page, which then cannot sign anybody in',
          fix: 'let the front pass the CORS headers of the function gateway on as they are, and answer no call itself',
          where: fromPage.url,
        }),
      ]
    },
  },
]

function checkPreflight({ preflight, page }: Outside): Verdict {
  if (!isAnswer(preflight)) return { skipped: outcomeOf(preflight) }
  if (isRedirect(preflight)) return { skipped: `the preflight: ${outcomeOf(preflight)}` }
  const headers = namesIn(header(preflight, 'access-control-allow-headers') ?? '')
  const methods = namesIn(header(preflight, 'access-control-allow-methods') ?? '')
  const faults = [
    ...(preflight.status >= 200 && preflight.status < 300 ? [] : [outcomeOf(preflight)]),
    ...(allowsOrigin(preflight, page)
      ? []
      : [
          `Access-Control-Allow-Origin is ${shown(header(preflight, 'access-control-allow-origin'))}`,
        ]),
    ...(methods.has('post') || methods.has('*') ? [] : ['POST is not among the methods']),
    ...REQUIRED_HEADERS.filter((name) => !headers.has(name)).map(
      (name) => `${name} is not allowed`,
    ),
  ]
  if (faults.length === 0) return []
  return [
    fault({
      id: 'cors_preflight_refused',
      seen: `OPTIONS /mcp from ${page}: ${faults.join('; ')}`,
      why: 'A browser asks before it calls, and does not call then',
      fix: 'let OPTIONS /mcp reach the function gateway without credentials (API Gateway: an options operation with security: []), and add the origins of other pages to APP_ORIGIN in .env.yaml',
      where: preflight.url,
    }),
  ]
}

function header({ headers }: Answer, name: string): string | undefined {
  return headers.get(name) ?? undefined
}

function namesIn(value: string): ReadonlySet<string> {
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}
