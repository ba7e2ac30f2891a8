import { type Finding, fault, type Verdict } from '../../../diagnostics/check.ts'
import { catalogueScopesOf } from '../../../diagnostics/observe/openapi-tools.ts'
import { shown, stringsIn } from '../../../diagnostics/exchange.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'

const REDEPLOY = 'in .env.yaml, then npm run deploy -- metadata'
const NO_METADATA = 'no layout has the metadata'

/** Whether it is the resource of the URL that clients are given. */
export function checkResource({ metadata, endpoint, origin }: Outside): Verdict {
  if (metadata === undefined) return { skipped: NO_METADATA }
  const { resource } = metadata
  if (resource === endpoint) return []
  const isSlash = typeof resource === 'string' && resource.replace(/\/+$/, '') === endpoint
  const seen = `resource is ${shown(resource)}, a client expects ${endpoint}`
  if (isSlash) {
    return [
      fault({
        id: 'resource_trailing_slash',
        seen,
        why: 'Auth0 and the gateway compare it to the letter: tokens for one spelling are refused for the other (aud)',
        fix: `set OAUTH_AUDIENCE to ${endpoint} ${REDEPLOY} and npm run deploy -- gateway; npm run provision -- --apply makes the API with that identifier`,
      }),
    ]
  }
  const isElsewhere = typeof resource === 'string' && URL.parse(resource)?.origin !== origin
  return [
    fault({
      id: 'resource_mismatch',
      seen,
      why: 'Clients refuse metadata of another resource than the URL that they were given (RFC 9728 s3.3), or ask Auth0 for a token that the gateway does not take',
      fix: isElsewhere
        ? `enter the URL of that resource in ChatGPT, or set PUBLIC_URL to ${origin} and OAUTH_AUDIENCE to ${endpoint} ${REDEPLOY} and npm run deploy -- gateway, and npm run provision -- --apply`
        : `set OAUTH_AUDIENCE to ${endpoint} ${REDEPLOY} and npm run deploy -- gateway, and npm run provision -- --apply`,
    }),
  ]
}

/** Whether clients learn of the scopes that they need, and of none besides. */
export function checkScopes({ metadata, tools }: Outside): Verdict {
  if (metadata === undefined) return { skipped: NO_METADATA }
  const advertised = stringsIn(metadata['scopes_supported']) ?? []
  const missing = catalogueScopesOf(tools).filter((scope) => !advertised.includes(scope))
  const findings: Finding[] = []
  if (missing.length > 0) {
    findings.push(
      fault({
        id: 'scopes_missing',
        seen: `scopes_supported lacks ${missing.join(' ')}, which tools need`,
        why: 'Clients ask for the scopes that are advertised, so calls end with insufficient_scope',
        fix: 'deploy metadata and gateway with the same tools (TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON): npm run deploy',
      }),
    )
  }
  if (advertised.includes('offline_access')) {
    findings.push(
      fault({
        id: 'offline_access_advertised',
        seen: 'scopes_supported has offline_access',
        why: 'It is no scope of this resource but between client and authorization server, and MCP asks servers not to list it',
        fix: `take offline_access out of OAUTH_SCOPES and of the tools' scopes ${REDEPLOY}`,
      }),
    )
  }
  return findings
}
