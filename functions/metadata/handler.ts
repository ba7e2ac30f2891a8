import type { BuildInfo } from '../../shared/build-info.ts'
import { PUBLIC_DOCUMENT, withCors } from '../../shared/http/cors.ts'
import { type FetchJson, fetchJson } from '../../shared/http/fetch-json.ts'
import { type Handler, type HttpResponse, json } from '../../shared/http/http.ts'
import { notFound } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import {
  AUTHORIZATION_SERVER_PATHS,
  PROTECTED_RESOURCE_PATHS,
  protectedResourceMetadata,
} from '../../shared/oauth/protected-resource.ts'
import { catalogueScopes } from '../../shared/tools.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import type { MetadataConfig } from './config.ts'
import { curate } from './curated.ts'
import { createAuth0Health } from './health.ts'

export interface MetadataDependencies {
  readonly log: Log
  readonly fetch?: FetchJson
  /** The build information in the `/health` response. */
  readonly build?: BuildInfo
}

const CACHEABLE = { 'cache-control': 'public, max-age=300, s-maxage=300' }

/**
 * Creates the handler for discovery documents and health. It holds no secret, and every document is
 * public.
 */
export function createMetadata(
  config: MetadataConfig,
  { log, fetch = fetchJson, build = {} }: MetadataDependencies,
): Handler {
  const { OAUTH_ISSUER: issuer, PUBLIC_URL: publicUrl, audience, jwksUri } = config
  const isCurated = config.AUTH_SERVER_METADATA === 'curated'
  const scopes = [...catalogueScopes(config.catalogue), ...(config.OAUTH_SCOPES ?? [])]
  const protectedResource = protectedResourceMetadata({
    resource: audience,
    authorizationServer: isCurated ? publicUrl : issuer,
    scopes,
    name: new URL(publicUrl).hostname,
    links: config.server,
  })
  const authorizationServer = createAuthorizationServer({
    issuer,
    fetch,
    log,
    ...(isCurated && { transform: (document) => curate(document, { publicUrl, scopes }) }),
  })
  const auth0Health = createAuth0Health({ issuer, jwksUri, audience, fetch })

  const health = async (): Promise<HttpResponse> => {
    const report = await auth0Health()
    return json(report.status === 'ok' ? 200 : 503, report)
  }
  const routes = new Map<string, () => HttpResponse | Promise<HttpResponse>>([
    ...[...PROTECTED_RESOURCE_PATHS].map(
      (path) => [path, () => json(200, protectedResource, CACHEABLE)] as const,
    ),
    ...AUTHORIZATION_SERVER_PATHS.map(
      (path) => [path, async () => json(200, await authorizationServer(), CACHEABLE)] as const,
    ),
    ['/.well-known/openai-apps-challenge', () => appsChallenge(config.OPENAI_APPS_CHALLENGE)],
    ['/health', () => json(200, { status: 'ok', ...build })],
    ['/health/auth0', health],
  ])

  return (request) => {
    const route = routes.get(request.path)
    if (route === undefined) throw notFound()
    return withCors(PUBLIC_DOCUMENT, request, route)
  }
}

function appsChallenge(token: string | undefined): HttpResponse {
  if (token === undefined) throw notFound()
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: token }
}
