import { errorResponse, type HttpRequest, type HttpResponse, single, withHeaders } from './http.ts'
import { HttpError, methodNotAllowed } from './http-error.ts'

/** The methods that a path accepts and its CORS rules. */
export interface CorsPolicy {
  /** Allowed origins; `*` allows any. */
  readonly origins: ReadonlySet<string>
  readonly methods: readonly string[]
  readonly requestHeaders: readonly string[]
  readonly exposedHeaders: readonly string[]
}

/** The policy of public documents: any origin may read them. */
export const PUBLIC_DOCUMENT: CorsPolicy = {
  origins: new Set(['*']),
  methods: ['GET', 'HEAD', 'OPTIONS'],
  requestHeaders: ['authorization', 'mcp-protocol-version'],
  exposedHeaders: [],
}

const PREFLIGHT_SECONDS = '600'

/**
 * Answers OPTIONS, refuses a method that the policy does not allow with 405 and an Origin that it does
 * not allow with 403 (MCP, Streamable HTTP: DNS rebinding). Adds the CORS header fields to the response
 * of `respond` and to the HttpErrors that it throws, so that a browser can read both.
 */
export async function withCors(
  policy: CorsPolicy,
  request: HttpRequest,
  respond: () => HttpResponse | Promise<HttpResponse>,
  renderError: typeof errorResponse = errorResponse,
): Promise<HttpResponse> {
  if (!isAllowed(policy, request)) return renderError(originNotAllowed(), request.log)
  const cors = corsHeaders(policy, request)
  if (request.method === 'OPTIONS') return preflight(policy, cors)
  try {
    if (!policy.methods.includes(request.method)) throw methodNotAllowed(policy.methods)
    return withHeaders(await respond(), cors)
  } catch (error) {
    if (error instanceof HttpError) return withHeaders(renderError(error, request.log), cors)
    throw error
  }
}

function isAllowed({ origins }: CorsPolicy, { headers: { origin } }: HttpRequest): boolean {
  return origin === undefined || origins.has('*') || origins.has(single(origin))
}

function originNotAllowed(): HttpError {
  return new HttpError(403, 'origin_not_allowed', 'This Origin is not allowed here.', {
    reason: 'origin_not_allowed',
  })
}

/** Caches the CORS header fields for requests without an Origin, which most requests are. */
const fieldsOfPolicies = new WeakMap<CorsPolicy, Readonly<Record<string, string>>>()

function corsHeaders(policy: CorsPolicy, request: HttpRequest): Readonly<Record<string, string>> {
  const { origin } = request.headers
  const fields = fieldsOfPolicies.get(policy) ?? fieldsOf(policy)
  fieldsOfPolicies.set(policy, fields)
  if (origin === undefined || policy.origins.has('*')) return fields
  return { 'access-control-allow-origin': single(origin), ...fields }
}

function fieldsOf({ origins, exposedHeaders }: CorsPolicy): Readonly<Record<string, string>> {
  return {
    ...(origins.has('*') ? { 'access-control-allow-origin': '*' } : { vary: 'Origin' }),
    ...(exposedHeaders.length > 0 && {
      'access-control-expose-headers': exposedHeaders.join(', '),
    }),
  }
}

function preflight(policy: CorsPolicy, cors: Readonly<Record<string, string>>): HttpResponse {
  const methods = policy.methods.join(', ')
  return {
    status: 204,
    headers: {
      ...cors,
      allow: methods,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': policy.requestHeaders.join(', '),
      'access-control-max-age': PREFLIGHT_SECONDS,
    },
  }
}
