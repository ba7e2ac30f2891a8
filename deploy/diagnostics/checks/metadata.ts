import { isDeepStrictEqual } from 'node:util'
import { isLoopback } from '../../../shared/config.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { catalogueScopesOf } from '../observe/openapi-tools.ts'
import {
  documentOf,
  headerOf,
  isResponse,
  outcomeOf,
  pathOf,
  preview,
  stringsIn,
} from '../probe-result.ts'

const NO_METADATA = 'no path has the metadata'

/** The protected resource metadata (RFC 9728), by which clients find the authorization server. */
export const METADATA_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'metadata layouts',
    title: 'The protected resource metadata is on every path where clients look',
    run: ({ protectedResource, origin }) => {
      const missing = protectedResource.filter((result) => 'absent' in documentOf(result))
      if (missing.length === 0) return []
      const statuses = missing.map((result) => (isResponse(result) ? result.status : 0))
      return [
        {
          id: 'metadata_missing',
          seen: missing.map((one) => `${pathOf(one, origin)}: ${outcomeOf(one)}`).join('; '),
          where: missing[0]?.url,
          details: { status: statuses.includes(403) ? 403 : Math.max(...statuses) },
        },
      ]
    },
  },
  {
    name: 'metadata agreement',
    title: 'The metadata is the same on every path',
    run: ({ protectedResource, origin }) => {
      const documents = protectedResource.flatMap((result) => {
        const document = documentOf(result)
        return 'value' in document ? [{ result, value: document.value }] : []
      })
      const [first, ...others] = documents
      if (first === undefined) return { skipped: NO_METADATA }
      const different = others.filter(({ value }) => !isDeepStrictEqual(value, first.value))
      if (different.length === 0) return []
      const paths = different.map(({ result }) => pathOf(result, origin)).join(', ')
      return [
        {
          id: 'metadata_layouts_disagree',
          seen: `${paths} differs from ${pathOf(first.result, origin)}`,
          where: different[0]?.result.url,
        },
      ]
    },
  },
  {
    name: 'resource',
    title: 'The resource in the metadata is the URL of the MCP endpoint',
    run: checkResource,
  },
  {
    name: 'authorization server',
    title: 'The metadata names an authorization server',
    run: ({ metadata }) => {
      if (metadata === undefined) return { skipped: NO_METADATA }
      const [server] = stringsIn(metadata['authorization_servers']) ?? []
      if (server === undefined) {
        const seen = `authorization_servers is ${preview(metadata['authorization_servers'])}`
        return [{ id: 'authorization_servers_missing', seen }]
      }
      if (isIssuer(server)) return []
      return [{ id: 'issuer_malformed', seen: `authorization_servers has ${preview(server)}` }]
    },
  },
  {
    name: 'scopes',
    title: 'The metadata advertises the scopes of the tools, and no others',
    run: checkScopes,
  },
  {
    name: 'media type',
    title: 'The metadata is served as JSON',
    run: ({ protectedResource, origin }) => {
      const wrong = protectedResource.filter((result) => {
        if (!isResponse(result) || 'absent' in documentOf(result)) return false
        return !/^application\/(.+\+)?json\b/i.test(headerOf(result, 'content-type') ?? '')
      })
      if (wrong.length === 0) return []
      const paths = wrong.map((one) => pathOf(one, origin)).join(', ')
      const seen = `${paths} is not application/json`
      return [{ id: 'metadata_media_type', seen, where: wrong[0]?.url }]
    },
  },
]

function checkResource({ metadata, endpoint, origin }: DeploymentObservation): CheckOutcome {
  if (metadata === undefined) return { skipped: NO_METADATA }
  const { resource } = metadata
  if (resource === endpoint) return []
  const seen = `resource is ${preview(resource)}, clients expect ${endpoint}`
  if (typeof resource === 'string' && resource.replace(/\/+$/, '') === endpoint) {
    return [{ id: 'resource_trailing_slash', seen, details: { endpoint } }]
  }
  const isElsewhere = typeof resource === 'string' && URL.parse(resource)?.origin !== origin
  const details = { endpoint, ...(isElsewhere && { publicUrl: origin }) }
  return [{ id: 'resource_mismatch', seen, details }]
}

function checkScopes({ metadata, tools }: DeploymentObservation): CheckOutcome {
  if (metadata === undefined) return { skipped: NO_METADATA }
  const advertised = stringsIn(metadata['scopes_supported']) ?? []
  const missing = catalogueScopesOf(tools).filter((scope) => !advertised.includes(scope))
  const found: Observed[] = []
  if (missing.length > 0) {
    const seen = `scopes_supported lacks ${missing.join(' ')}, which tools require`
    found.push({ id: 'scopes_missing', seen })
  }
  if (advertised.includes('offline_access')) {
    found.push({ id: 'offline_access_advertised', seen: 'scopes_supported has offline_access' })
  }
  return found
}

function isIssuer(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || url.search !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}
