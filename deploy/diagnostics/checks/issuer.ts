import { type Check, type Finding, fault, type Verdict } from '../check.ts'
import { documentOf, firstDocument, shown, stringsIn } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'
import { outcomeOf, pathOf } from '../probe.ts'
import { effectiveMetadata } from '../../auth0/doctor/checks/check-sign-in.ts'

const ISS_PARAMETER = 'authorization_response_iss_parameter_supported'
const NO_ISSUER = 'nothing names an issuer'
const ADVANCED = 'Auth0 dashboard: Settings > Advanced'
const REDEPLOY = 'in .env.yaml, then npm run deploy'

/** The authorization server as clients come to know it (RFC 8414). */
export const ISSUER_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'issuer reachable',
    title: "the issuer's metadata can be fetched",
    run: ({ issuer }) => {
      if (issuer === undefined || issuer.documents.length === 0) return { skipped: NO_ISSUER }
      if (issuer.metadata !== undefined) return []
      return [
        fault({
          id: 'issuer_unreachable',
          seen: issuer.documents.map((one) => `${one.url}: ${outcomeOf(one)}`).join('; '),
          why: 'Clients get no further than this: there is nowhere to register and nobody to sign in with',
          fix: `check that OAUTH_ISSUER is the tenant's own URL (curl -i ${issuer.documents[0]?.url}); if it is, wait for Auth0: https://status.auth0.com`,
          where: issuer.url,
        }),
      ]
    },
  },
  { name: 'issuer exact', title: 'the issuer calls itself what it is called', run: checkSpelling },
  {
    name: 'authorization server metadata',
    title: 'clients that look for it at this deployment find it too',
    run: checkMirror,
  },
  {
    name: 'iss parameter',
    title: 'curated metadata is not used with the iss parameter',
    run: (seen) => {
      if (!isCuratedWithIss(seen)) return []
      return [
        fault({
          id: 'curated_with_iss',
          seen: `${ISS_PARAMETER} is on while AUTH_SERVER_METADATA is curated`,
          why: 'Clients compare the iss that Auth0 sends with the issuer of the curated metadata and refuse the sign-in (RFC 9207 s2.4)',
          fix: `set AUTH_SERVER_METADATA to issuer ${REDEPLOY}, and use one predefined client for all connections of ChatGPT: npm run provision -- --iss --predefined --apply. Or turn the tenant setting ${ISS_PARAMETER} off`,
          where: ADVANCED,
        }),
      ]
    },
  },
]

function isCuratedWithIss({ isCurated, issuer, authorizationServer }: Outside): boolean {
  const documents = [issuer?.metadata, firstDocument(authorizationServer)]
  return isCurated && documents.some((document) => document?.[ISS_PARAMETER] === true)
}

/** RFC 8414 s3.3: the document names exactly the issuer that it was fetched for. */
function checkSpelling(seen: Outside): Verdict {
  const { metadata: resource, isCurated, issuer } = seen
  const [named] = stringsIn(resource?.['authorization_servers']) ?? []
  const expected = isCurated ? named : issuer?.url
  const metadata = effectiveMetadata(seen)
  if (expected === undefined) return { skipped: NO_ISSUER }
  if (metadata === undefined) return { skipped: 'its metadata could not be fetched' }
  const own = metadata['issuer']
  if (own === expected) return []
  const withoutSlash = (value: unknown) => String(value).replace(/\/+$/, '')
  const isSlash = withoutSlash(own) === withoutSlash(expected)
  return [
    fault({
      id: isSlash ? 'issuer_trailing_slash' : 'issuer_mismatch',
      seen: `authorization_servers has ${shown(expected)}, the metadata there says issuer ${shown(own)}`,
      why: 'Clients compare the two to the letter and stop (RFC 8414 s3.3), and so does the gateway with the iss of tokens',
      fix: `set OAUTH_ISSUER to ${String(own)} ${REDEPLOY}${isSlash ? ' (Auth0 issuers end in a slash)' : ''}`,
    }),
  ]
}

function checkMirror(seen: Outside): Verdict {
  const { authorizationServer, metadata, origin } = seen
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const documents = authorizationServer.map((exchange) => ({
    exchange,
    document: documentOf(exchange),
  }))
  const absent = documents.filter(({ document }) => 'absent' in document)
  const different = documents.filter(
    ({ document }) =>
      'value' in document && named !== undefined && document.value['issuer'] !== named,
  )
  const findings: Finding[] = []
  const paths = (some: typeof documents) =>
    some.map(({ exchange }) => `${pathOf(exchange, origin)}: ${outcomeOf(exchange)}`).join('; ')
  // The function refuses to serve it then: one fault, not two.
  if (absent.length > 0 && !isCuratedWithIss(seen)) {
    findings.push(
      fault({
        id: 'authorization_server_metadata_missing',
        seen: paths(absent),
        why: 'Older clients look for the authorization server at the resource itself',
        fix: 'with 502 the function metadata cannot reach the issuer: see /health/auth0; otherwise rewrite /.well-known/** and /mcp/.well-known/** to it (deploy/firebase.json), then npm run deploy',
        where: absent[0]?.exchange.url,
      }),
    )
  }
  if (different.length > 0) {
    const issuers = different.map(({ document }) =>
      'value' in document ? shown(document.value['issuer']) : '',
    )
    findings.push(
      fault({
        id: 'authorization_server_metadata_differs',
        seen: `${different.map(({ exchange }) => pathOf(exchange, origin)).join(', ')} names the issuer ${[...new Set(issuers)].join(', ')}, authorization_servers has ${shown(named)}`,
        why: 'Clients that start here trust another issuer than those that start at the resource metadata',
        fix: 'deploy one version of the function metadata behind all these paths (npm run deploy -- metadata), and purge the cache of the front',
        where: different[0]?.exchange.url,
      }),
    )
  }
  return findings
}
