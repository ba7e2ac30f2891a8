import { REGISTRATION_PATH } from '../../../shared/oauth/protected-resource.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import {
  documentOf,
  firstDocument,
  type JsonObject,
  outcomeOf,
  pathOf,
  preview,
  stringsIn,
} from '../probe-result.ts'

const ISS_PARAMETER = 'authorization_response_iss_parameter_supported'
const NO_ISSUER = 'no document names an issuer'
const NO_METADATA = "the issuer's metadata could not be read"

/** The authorization server as its metadata describes it (RFC 8414). */
export const ISSUER_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'issuer reachable',
    title: 'The metadata of the issuer can be read',
    run: ({ issuer }) => {
      if (issuer === undefined || issuer.documents.length === 0) return { skipped: NO_ISSUER }
      if (issuer.metadata !== undefined) return []
      const url = issuer.documents[0]?.url
      return [
        {
          id: 'issuer_unreachable',
          seen: issuer.documents.map((one) => `${one.url}: ${outcomeOf(one)}`).join('; '),
          where: issuer.url,
          ...(url !== undefined && { details: { url } }),
        },
      ]
    },
  },
  {
    name: 'issuer exact',
    title: 'The issuer in the metadata equals the authorization server of the resource',
    run: checkIssuer,
  },
  {
    name: 'authorization server metadata',
    title: 'The deployment serves the authorization server metadata too',
    run: checkMirror,
  },
  {
    name: 'iss parameter',
    title: 'Curated metadata is not combined with the iss parameter',
    run: (observed) => {
      if (!isCuratedWithIss(observed)) return []
      const seen = `${ISS_PARAMETER} is on while AUTH_SERVER_METADATA is curated`
      return [{ id: 'curated_with_iss', seen }]
    },
  },
  {
    name: 'endpoints',
    title: 'The metadata has the endpoints of a sign-in',
    run: withMetadata((metadata) => {
      const missing = ['authorization_endpoint', 'token_endpoint'].filter((name) => {
        const value = metadata[name]
        return typeof value !== 'string' || !URL.canParse(value)
      })
      if (missing.length === 0) return []
      return [{ id: 'endpoints_missing', seen: `the metadata lacks ${missing.join(' and ')}` }]
    }),
  },
  {
    name: 'PKCE',
    title: 'The metadata advertises PKCE with S256',
    run: withMetadata((metadata) => {
      const methods = metadata['code_challenge_methods_supported']
      if (stringsIn(methods)?.includes('S256')) return []
      const seen = `code_challenge_methods_supported is ${preview(methods)}`
      return [{ id: 'pkce_s256_missing', seen }]
    }),
  },
  { name: 'registration', title: 'Clients can register', run: withMetadata(checkRegistration) },
  {
    name: 'public clients',
    title: 'The authorization server accepts clients without a secret',
    run: withMetadata((metadata) => {
      const methods = stringsIn(metadata['token_endpoint_auth_methods_supported'])
      if (methods === undefined || methods.includes('none')) return []
      const seen = `token_endpoint_auth_methods_supported is ${preview(methods)}`
      return [{ id: 'public_clients_refused', seen }]
    }),
  },
  {
    name: 'refresh',
    title: 'The authorization server offers refresh tokens',
    run: withMetadata((metadata) => {
      const grants = stringsIn(metadata['grant_types_supported'])
      const scopes = stringsIn(metadata['scopes_supported'])
      const missing = [
        ...(grants?.includes('refresh_token') === false ? ['the refresh_token grant'] : []),
        ...(scopes?.includes('offline_access') === false ? ['the scope offline_access'] : []),
      ]
      if (missing.length === 0) return []
      return [{ id: 'refresh_unavailable', seen: `the metadata lacks ${missing.join(' and ')}` }]
    }),
  },
]

/** The metadata that clients use: the issuer's own, or the curated one. */
function effectiveMetadata({ isCurated, authorizationServer, issuer }: DeploymentObservation) {
  return isCurated ? firstDocument(authorizationServer) : issuer?.metadata
}

function withMetadata(
  run: (metadata: JsonObject, observed: DeploymentObservation) => CheckOutcome,
) {
  return (observed: DeploymentObservation): CheckOutcome => {
    const metadata = effectiveMetadata(observed)
    return metadata === undefined ? { skipped: NO_METADATA } : run(metadata, observed)
  }
}

function isCuratedWithIss(observed: DeploymentObservation): boolean {
  const { isCurated, issuer, authorizationServer } = observed
  const documents = [issuer?.metadata, firstDocument(authorizationServer)]
  return isCurated && documents.some((document) => document?.[ISS_PARAMETER] === true)
}

/** RFC 8414 s3.3: the document names exactly the issuer that it was fetched for. */
function checkIssuer(observed: DeploymentObservation): CheckOutcome {
  const { metadata: resource, isCurated, issuer } = observed
  const [named] = stringsIn(resource?.['authorization_servers']) ?? []
  const expected = isCurated ? named : issuer?.url
  const metadata = effectiveMetadata(observed)
  if (expected === undefined) return { skipped: NO_ISSUER }
  if (metadata === undefined) return { skipped: NO_METADATA }
  const own = metadata['issuer']
  if (own === expected) return []
  const withoutSlash = (value: unknown) => String(value).replace(/\/+$/, '')
  const seen = `authorization_servers has ${preview(expected)}, its metadata has issuer ${preview(own)}`
  const details = { issuer: String(own) }
  return withoutSlash(own) === withoutSlash(expected)
    ? [{ id: 'issuer_trailing_slash', seen, details }]
    : [{ id: 'issuer_mismatch', seen, details }]
}

function checkMirror(observed: DeploymentObservation): CheckOutcome {
  const { authorizationServer, metadata, origin } = observed
  const [named] = stringsIn(metadata?.['authorization_servers']) ?? []
  const documents = authorizationServer.map((result) => ({
    result,
    document: documentOf(result),
  }))
  const absent = documents.filter(({ document }) => 'absent' in document)
  const different = documents.filter(
    ({ document }) =>
      'value' in document && named !== undefined && document.value['issuer'] !== named,
  )
  const found: Observed[] = []
  // With curated metadata and iss the function refuses to serve it: one fault, not two.
  if (absent.length > 0 && !isCuratedWithIss(observed)) {
    const lines = absent.map(({ result }) => `${pathOf(result, origin)}: ${outcomeOf(result)}`)
    found.push({
      id: 'authorization_server_metadata_missing',
      seen: lines.join('; '),
      where: absent[0]?.result.url,
    })
  }
  if (different.length > 0) {
    const paths = different.map(({ result }) => pathOf(result, origin)).join(', ')
    const issuers = different.map(({ document }) =>
      'value' in document ? preview(document.value['issuer']) : '',
    )
    found.push({
      id: 'authorization_server_metadata_differs',
      seen: `${paths} names the issuer ${[...new Set(issuers)].join(', ')}, authorization_servers has ${preview(named)}`,
      where: different[0]?.result.url,
    })
  }
  return found
}

function checkRegistration(metadata: JsonObject, observed: DeploymentObservation): CheckOutcome {
  const endpoint = metadata['registration_endpoint']
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    if (metadata['client_id_metadata_document_supported'] === true) return []
    const seen = `registration_endpoint is ${preview(endpoint)}`
    return [{ id: 'registration_endpoint_missing', seen }]
  }
  const { origin, isCurated } = observed
  const curated = `${origin}${REGISTRATION_PATH}`
  if (!isCurated || endpoint === curated) return []
  const seen = `registration_endpoint is ${endpoint}, not ${curated}`
  return [{ id: 'registration_endpoint_wrong', seen, details: { publicUrl: origin } }]
}
