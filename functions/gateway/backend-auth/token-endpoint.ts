import { asObject, parseJson } from '../../../shared/json.ts'
import { createByteBudget } from '../backend/response-budget.ts'
import { type BackendResponse, SendError, send } from '../backend/send.ts'
import { retryAfterSeconds } from '../backend-failure.ts'
import type { ClientCredentials } from './secrets.ts'

/** How the client authenticates (RFC 6749 s2.3.1). */
export type AuthMethod = 'client_secret_basic' | 'client_secret_post'

/** One request for an access token. */
export interface TokenRequest {
  readonly url: string
  readonly client: ClientCredentials
  readonly authMethod: AuthMethod
  /** The form parameters, except those that authenticate the client. Undefined ones are omitted. */
  readonly form: Readonly<Record<string, string | undefined>>
}

/** An access token from a token endpoint. */
export interface IssuedToken {
  readonly accessToken: string
  /** The lifetime in seconds; undefined if the response states no valid one. */
  readonly expiresIn: number | undefined
}

/**
 * No token was issued. `code` is for the log. Of the response it contains only `error` (RFC 6749
 * s5.2).
 */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  /**
   * `refused`: the endpoint refused this request; `unavailable`: a later request may succeed;
   * `fault`: the configuration is wrong.
   */
  readonly kind: 'refused' | 'unavailable' | 'fault'
  readonly code: string
  /** The Retry-After of the endpoint, in seconds. */
  readonly retryAfter: number | undefined

  constructor(kind: TokenError['kind'], code: string, retryAfter?: number) {
    super(`no token: ${code}`)
    this.kind = kind
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** Requests a token from a token endpoint. Tests replace it. */
export type AskForToken = (request: TokenRequest) => Promise<IssuedToken>

const TIMEOUT_MS = 5_000
const MAX_BYTES = 64 * 1024
const MAX_TOKEN_CHARACTERS = 16_384
const MAX_LIFETIME_SECONDS = 365 * 24 * 60 * 60
// RFC 6750 s2.1
const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
// RFC 6749 s5.2
const ERROR_CODE = /^[\w.-]{1,64}$/
const ACCESS_TOKEN_TYPES: ReadonlySet<unknown> = new Set([
  undefined,
  'urn:ietf:params:oauth:token-type:access_token',
  'urn:ietf:params:oauth:token-type:jwt',
])

/**
 * Sends one `POST` to a token endpoint (RFC 6749 s3.2), with limits of 5 seconds and 64 KiB, and
 * without redirects. Accepts only bearer tokens, because the gateway sends backends no proof of
 * possession.
 *
 * @throws TokenError
 */
export const askForToken: AskForToken = async (request) => {
  const answer = await exchange(request)
  const { status } = answer
  if (status === 429 || status >= 500) {
    const retryAfter = retryAfterSeconds(answer.retryAfter, Date.now())
    throw new TokenError('unavailable', `status_${status}`, retryAfter)
  }
  if (status >= 300 && status < 400) throw new TokenError('fault', `status_${status}`)
  const isIdentity = (answer.contentEncoding ?? 'identity') === 'identity'
  const body = isIdentity ? asObject(parseJson(answer.body)?.value) : undefined
  if (status >= 400) {
    const code = errorCode(body, status)
    throw new TokenError(isAboutClient(code, status) ? 'fault' : 'refused', code)
  }
  if (status !== 200) throw new TokenError('fault', `status_${status}`)
  if (body === undefined) throw new TokenError('fault', 'not_json')
  return readToken(body)
}

async function exchange({ url, client, authMethod, form }: TokenRequest): Promise<BackendResponse> {
  const { origin, pathname, search } = new URL(url)
  const { clientId, clientSecret } = client
  const isBasic = authMethod === 'client_secret_basic'
  const members = {
    ...form,
    ...(!isBasic && { client_id: clientId, client_secret: clientSecret }),
  }
  const pairs = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  )
  const sent = {
    method: 'POST',
    origin,
    path: `${pathname}${search}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(isBasic && { authorization: basicCredentials(clientId, clientSecret) }),
    },
    body: new URLSearchParams(pairs).toString(),
  }
  // Continues if a client disconnects, because other callers may wait for the same token.
  const bounds = { timeoutMs: TIMEOUT_MS, budget: createByteBudget(MAX_BYTES) }
  try {
    return await send(sent, bounds)
  } catch (error) {
    if (!(error instanceof SendError)) throw error
    const kind = error.failure === 'oversized' ? 'fault' : 'unavailable'
    throw new TokenError(kind, error.failure)
  }
}

/** Returns Basic credentials, of which both parts are form-encoded first (RFC 6749 s2.3.1). */
function basicCredentials(id: string, secret: string): string {
  const [user, password] = [id, secret].map((part) =>
    new URLSearchParams([['', part]]).toString().slice(1),
  )
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function errorCode(body: Readonly<Record<string, unknown>> | undefined, status: number): string {
  const error = body?.['error']
  return typeof error === 'string' && ERROR_CODE.test(error) ? error : `status_${status}`
}

/**
 * Auth0 answers a wrong client secret with 401 `access_denied` instead of `invalid_client` (RFC
 * 6749).
 */
function isAboutClient(code: string, status: number): boolean {
  return code === 'invalid_client' || (status === 401 && code === 'access_denied')
}

function readToken(body: Readonly<Record<string, unknown>>): IssuedToken {
  const { access_token: accessToken, token_type: type, expires_in: expires } = body
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new TokenError('fault', 'token_type')
  }
  if (!ACCESS_TOKEN_TYPES.has(body['issued_token_type'])) {
    throw new TokenError('fault', 'issued_token_type')
  }
  const isToken =
    typeof accessToken === 'string' &&
    accessToken.length <= MAX_TOKEN_CHARACTERS &&
    B64TOKEN.test(accessToken)
  if (!isToken) throw new TokenError('fault', 'access_token')
  return { accessToken, expiresIn: lifetime(expires) }
}

/** Some endpoints send the number as a string. */
function lifetime(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined
  return Math.min(seconds, MAX_LIFETIME_SECONDS)
}
