import { type CorsPolicy, PUBLIC_DOCUMENT, withCors } from '../../shared/http/cors.ts'
import { type Handler, type HttpRequest, json } from '../../shared/http/http.ts'
import { notFound } from '../../shared/http/http-error.ts'
import { createQueue } from '../../shared/json/long-work.ts'
import type { Log } from '../../shared/log.ts'
import { createAccessTokenVerifier } from '../../shared/oauth/access-token.ts'
import { createJwks } from '../../shared/oauth/jwks.ts'
import { MCP_PATH, protectedResourceMetadataUrl } from '../../shared/oauth/protected-resource.ts'
import { rehearseSignatures } from '../../shared/oauth/rehearsal.ts'
import { createAuthenticator } from './authenticator.ts'
import { fetchDocument } from './backend/fetch-document.ts'
import { createGoogleIdentity } from './backend/google-identity.ts'
import { createResponseBudget } from './backend/response-budget.ts'
import { connectTo } from './backend/send.ts'
import { createBackendAuth } from './backend-auth/backend-auth.ts'
import { createCallTool } from './call-tool.ts'
import type { CallableTool } from './callable-tool.ts'
import type { GatewayConfig } from './config.ts'
import { createReadInput } from './input/read-input.ts'
import { stateKeys } from './input/state-keys.ts'
import { createStateSeal } from './input/state-seal.ts'
import { createMcp } from './mcp/mcp.ts'
import { answerProbe, PROBE_METHODS } from './mcp/probe.ts'
import { createOpenApi } from './openapi/openapi-endpoint.ts'
import { brokenLimits } from './openapi/openapi-limits.ts'
import { answerProfiles } from './profile/answer-profile.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { createFetchResource } from './resources/fetch-resource.ts'
import { serveResources } from './resources/resources.ts'
import { createRest, problemResponse } from './rest.ts'

export interface GatewayDependencies {
  readonly log: Log
  /** The host of Google's metadata server; its usual name if undefined. */
  readonly metadataHost?: string | undefined
}

/** The handler of all requests to the gateway. */
export interface Gateway extends Handler {
  /**
   * Begins what the first call would wait for: fetches the issuer's keys, loads what verifies a token,
   * and connects to the backends. A failure has no effect.
   */
  readonly warmUp: () => void
}

const MIB = 1024 * 1024
const MAX_RESPONSE_BYTES = 4 * MIB
/** Processing a response takes up to four times its size in memory. */
const MAX_HELD_RESPONSE_BYTES = 32 * MIB
/** The public keys of GATEWAY_SIGNING_KEY (RFC 7517 s5). */
const JWKS_PATH = '/.well-known/jwks.json'
const CACHEABLE = { 'cache-control': 'public, max-age=300, s-maxage=300' }
const TOOL_PATH = /^\/tools\/([^/]+)$/
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'accept',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
  'traceparent',
  'tracestate',
]

/**
 * Creates the handler for the MCP endpoint, the REST endpoint, its OpenAPI description and the
 * public keys.
 */
export function createGateway(
  config: GatewayConfig,
  { log, metadataHost }: GatewayDependencies,
): Gateway {
  const { catalogue, PUBLIC_URL: publicUrl, OAUTH_ISSUER: issuer } = config
  const signingKeys = config.GATEWAY_SIGNING_KEY ?? []
  const jwks = createJwks({
    uri: config.jwksUri,
    fetch: fetchDocument,
    onFetchFailed: (reason) => log.warning('jwks_fetch_failed', { reason }),
  })
  const { audience, SCOPE_SOURCE: scopeSource, OAUTH_ORGANIZATION: organizations } = config
  const served = serveResources(config)
  const authenticator = createAuthenticator({
    verify: createAccessTokenVerifier({
      ...{ issuer, audience, scopeSource, organizations, jwks },
      passedClaims: config.BACKEND_CLAIMS,
      onClaimTooLarge: (claim) => log.warning('backend_claim_too_large', { claim }),
    }),
    catalogue,
    hasOpenResource: served.hasOpen,
    resourceMetadata: protectedResourceMetadataUrl(publicUrl),
  })
  const googleIdentity = createGoogleIdentity(metadataHost)
  const backends = {
    functionsBase: config.FUNCTIONS_BASE,
    publicUrl,
    keys: { secret: config.GATEWAY_HMAC_SECRET?.[0], signingKey: signingKeys[0] },
    timeoutMs: config.BACKEND_TIMEOUT_MS,
    googleIdentity: config.BACKEND_AUTH === 'google' ? googleIdentity : undefined,
  }
  const backendAuth = createBackendAuth({
    ...{ secrets: config.backendSecrets, issuer, googleIdentity },
    isGoogleForAll: config.BACKEND_AUTH === 'google',
  })
  const callTool = answerProfiles(createCallTool({ ...backends, backendAuth }), catalogue)
  const perMinute = config.RATE_LIMIT_PER_MINUTE
  const anonymousPerMinute = config.RATE_LIMIT_ANONYMOUS_PER_MINUTE
  const isLimited =
    (perMinute ?? anonymousPerMinute) !== undefined ||
    [...catalogue.values()].some((tool) => tool.rateLimit !== undefined)
  const rateLimit: RateLimit | undefined = isLimited
    ? createRateLimit({ perMinute, anonymousPerMinute, redisUrl: config.REDIS_URL, log })
    : undefined
  const { open: openBudget } = createResponseBudget(MAX_RESPONSE_BYTES, MAX_HELD_RESPONSE_BYTES)
  const calls = {
    ...{ authenticator, catalogue, callTool, rateLimit, openBudget },
    queue: createQueue(),
    maxBodyBytes: config.MAX_BODY_BYTES,
  }
  const mcp = createMcp({
    ...calls,
    server: config.server,
    served,
    readInput: createReadInput(
      createStateSeal(() => stateKeys(config.GATEWAY_HMAC_SECRET, signingKeys), publicUrl),
    ),
    fetchResource: createFetchResource(backends),
    challengeForm: config.AUTH_CHALLENGE,
  })
  const rest = createRest(calls)
  const keySet = { keys: signingKeys.map(({ publicJwk }) => publicJwk) }
  const openApi = createOpenApi(catalogue, { publicUrl, issuer, audience })
  const policy: CorsPolicy = {
    // The status page is served from the public origin.
    origins: new Set([...config.APP_ORIGIN, publicUrl]),
    methods: ['POST', 'OPTIONS'],
    requestHeaders: REQUEST_HEADERS,
    exposedHeaders: [
      'www-authenticate',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'mcp-protocol-version',
    ],
  }

  // Not part of `policy`: a preflight response lists only POST and OPTIONS.
  const probePolicy = { ...policy, methods: [...policy.methods, ...PROBE_METHODS] }

  const limits = brokenLimits(catalogue)
  if (limits.length > 0) log.warning('gpt_actions_limits_exceeded', { limits })

  const handle = (request: HttpRequest) => {
    if (request.path === MCP_PATH || request.path === `${MCP_PATH}/`) {
      return PROBE_METHODS.some((method) => method === request.method)
        ? withCors(probePolicy, request, () => answerProbe(authenticator, request))
        : withCors(policy, request, () => mcp(request))
    }
    const toolName = TOOL_PATH.exec(request.path)?.[1]
    if (toolName !== undefined) {
      return withCors(policy, request, () => rest(request, toolName), problemResponse)
    }
    if (request.path === JWKS_PATH && signingKeys.length > 0) {
      return withCors(PUBLIC_DOCUMENT, request, () => json(200, keySet, CACHEABLE))
    }
    if (request.path !== '/openapi.json') throw notFound()
    return withCors(PUBLIC_DOCUMENT, request, () => openApi(request), problemResponse)
  }
  const warmUp = () => {
    jwks.warmUp()
    void rehearseSignatures()
    const isBackend = ({ request, answeredBy }: CallableTool) =>
      request === undefined && answeredBy !== 'gateway'
    if ([...catalogue.values()].some(isBackend)) connectTo(new URL(config.FUNCTIONS_BASE).origin)
  }
  return Object.assign(handle, { warmUp })
}
