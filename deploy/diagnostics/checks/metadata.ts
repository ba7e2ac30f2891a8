import { isDeepStrictEqual } from 'node:util'
import { isLoopback } from '../../../shared/config.ts'
import { type Check, type Finding, fault } from '../check.ts'
import { documentOf, shown, stringsIn } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { isAnswer, outcomeOf, pathOf } from '../probe.ts'
import { checkResource, checkScopes } from '../../auth0/doctor/checks/check-resource.ts'

const REDEPLOY = 'in .env.yaml, then npm run deploy -- metadata'
const NO_METADATA = 'no layout has the metadata'

/** The protected resource metadata (RFC 9728), by which a client finds out where to sign in. */
export const METADATA_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'metadata layouts',
    title: 'the protected resource metadata is at each place where clients look',
    run: (seen) => {
      const missing = seen.protectedResource.filter((exchange) => 'absent' in documentOf(exchange))
      if (missing.length === 0) return []
      const statuses = missing.map((exchange) => (isAnswer(exchange) ? exchange.status : 0))
      return [
        fault({
          id: 'metadata_missing',
          seen: missing.map((one) => `${pathOf(one, seen.origin)}: ${outcomeOf(one)}`).join('; '),
          why: 'Without it there is no login prompt: clients look in different places, and ChatGPT at the root too',
          fix: howToServe(statuses),
          where: missing[0]?.url,
        }),
      ]
    },
  },
  {
    name: 'metadata agreement',
    title: 'all layouts say the same',
    run: ({ protectedResource, origin }) => {
      const documents = protectedResource.flatMap((exchange) => {
        const document = documentOf(exchange)
        return 'value' in document ? [{ exchange, value: document.value }] : []
      })
      const [first, ...others] = documents
      if (first === undefined) return { skipped: NO_METADATA }
      const different = others.filter(({ value }) => !isDeepStrictEqual(value, first.value))
      if (different.length === 0) return []
      const paths = different.map(({ exchange }) => pathOf(exchange, origin)).join(', ')
      return [
        fault({
          id: 'metadata_layouts_disagree',
          seen: `${paths} differs from ${pathOf(first.exchange, origin)}`,
          why: 'Which one a client reads decides what it asks Auth0 for, so some clients fail and others do not',
          fix: 'route all layouts to the one function metadata (deploy/firebase.json), deploy it once (npm run deploy -- metadata), and purge the cache of the front',
          where: different[0]?.exchange.url,
        }),
      ]
    },
  },
  { name: 'resource', title: 'its resource is the URL of the MCP endpoint', run: checkResource },
  {
    name: 'authorization server',
    title: 'it names an authorization server',
    run: ({ metadata }) => {
      if (metadata === undefined) return { skipped: NO_METADATA }
      const servers = stringsIn(metadata['authorization_servers']) ?? []
      const [server] = servers
      if (server === undefined) {
        return [
          fault({
            id: 'authorization_servers_missing',
            seen: `authorization_servers is ${shown(metadata['authorization_servers'])}`,
            why: 'Clients do not know where to sign in: no login prompt',
            fix: `set OAUTH_ISSUER ${REDEPLOY}`,
          }),
        ]
      }
      return isIssuer(server) ? [] : [malformedIssuer(server)]
    },
  },
  { name: 'scopes', title: 'it names the scopes of the tools, and no others', run: checkScopes },
  {
    name: 'media type',
    title: 'it is served as JSON',
    run: ({ protectedResource, origin }) => {
      const wrong = protectedResource.filter((exchange) => {
        if (!isAnswer(exchange) || 'absent' in documentOf(exchange)) return false
        return !/^application\/(.+\+)?json\b/i.test(exchange.headers.get('content-type') ?? '')
      })
      if (wrong.length === 0) return []
      return [
        fault({
          id: 'metadata_media_type',
          seen: `${wrong.map((one) => pathOf(one, origin)).join(', ')} is not application/json`,
          why: 'RFC 9728 s3.2 asks for application/json, and clients refuse anything else',
          fix: 'stop the front from rewriting Content-Type, or serve the path by the function metadata',
          where: wrong[0]?.url,
        }),
      ]
    },
  },
]

function howToServe(statuses: readonly number[]): string {
  if (statuses.includes(403)) {
    return 'let everybody call the function: gcloud run services add-iam-policy-binding metadata --member=allUsers --role=roles/run.invoker; and let bot protection in front pass these paths'
  }
  return statuses.some((status) => status >= 500)
    ? 'read the log of the function metadata, which names the cause (a configuration_refused lists variables): gcloud functions logs read metadata --gen2'
    : 'rewrite /.well-known/** and /mcp/.well-known/** to the function metadata (deploy/firebase.json), then npm run deploy'
}

function isIssuer(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || url.search !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

function malformedIssuer(server: string): Finding {
  return fault({
    id: 'issuer_malformed',
    seen: `authorization_servers has ${shown(server)}`,
    why: 'An issuer is an https URL without query and fragment (RFC 8414 s2); clients find no metadata under anything else',
    fix: `set OAUTH_ISSUER to https://YOUR_TENANT.us.auth0.com/ (with https:// and the slash) ${REDEPLOY} and npm run deploy -- gateway`,
  })
}
