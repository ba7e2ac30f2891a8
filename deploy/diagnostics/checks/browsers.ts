import type { Check, CheckOutcome } from '../check.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { hasPublicTool } from '../observe/openapi-tools.ts'
import {
  allowsOrigin,
  headerOf,
  isHtml,
  isRedirect,
  isResponse,
  outcomeOf,
  preview,
} from '../probe-result.ts'

const REQUIRED_HEADERS = ['authorization', 'content-type', 'mcp-protocol-version']
const ALLOW_ORIGIN = 'access-control-allow-origin'

/** Checks of CORS, for the status page, MCP Inspector and web clients. */
export const BROWSER_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'CORS of metadata',
    title: 'A web page can read the metadata',
    run: ({ metadataFromBrowser: metadata }) => {
      if (!isResponse(metadata) || metadata.status !== 200 || isHtml(metadata)) {
        return { skipped: `the metadata: ${outcomeOf(metadata)}` }
      }
      if (allowsOrigin(metadata)) return []
      const seen = `Access-Control-Allow-Origin is ${preview(headerOf(metadata, ALLOW_ORIGIN))}`
      return [{ id: 'metadata_cors_missing', seen, where: metadata.url }]
    },
  },
  {
    name: 'CORS of /mcp',
    title: 'A page of the deployment can call /mcp',
    run: checkPreflight,
  },
  {
    name: 'CORS of the challenge',
    title: 'A web page can read the challenge',
    run: ({ fromBrowser, tools }) => {
      if (!isResponse(fromBrowser) || fromBrowser.status !== 401) {
        const isConnected = isResponse(fromBrowser) && fromBrowser.status === 200
        if (isConnected && hasPublicTool(tools) === true) {
          return { skipped: 'because of a public tool, a page connects without a challenge' }
        }
        return { skipped: `a call from a page: ${outcomeOf(fromBrowser)}` }
      }
      const exposed = headerOf(fromBrowser, 'access-control-expose-headers') ?? ''
      if (namesIn(exposed).has('www-authenticate')) return []
      const seen = `Access-Control-Expose-Headers is ${preview(exposed)}`
      return [{ id: 'challenge_not_exposed', seen, where: fromBrowser.url }]
    },
  },
]

function checkPreflight({ preflight, page }: DeploymentObservation): CheckOutcome {
  if (!isResponse(preflight)) return { skipped: outcomeOf(preflight) }
  if (isRedirect(preflight)) return { skipped: `the preflight: ${outcomeOf(preflight)}` }
  const headers = namesIn(headerOf(preflight, 'access-control-allow-headers') ?? '')
  const methods = namesIn(headerOf(preflight, 'access-control-allow-methods') ?? '')
  const isOk = preflight.status >= 200 && preflight.status < 300
  const reasons = [
    ...(isOk ? [] : [outcomeOf(preflight)]),
    ...(allowsOrigin(preflight, page)
      ? []
      : [`Access-Control-Allow-Origin is ${preview(headerOf(preflight, ALLOW_ORIGIN))}`]),
    ...(methods.has('post') || methods.has('*') ? [] : ['POST is not among the methods']),
    ...REQUIRED_HEADERS.filter((name) => !headers.has(name)).map(
      (name) => `${name} is not allowed`,
    ),
  ]
  if (reasons.length === 0) return []
  return [
    {
      id: 'cors_preflight_refused',
      seen: `OPTIONS /mcp from ${page}: ${reasons.join('; ')}`,
      where: preflight.url,
    },
  ]
}

function namesIn(value: string): ReadonlySet<string> {
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}
