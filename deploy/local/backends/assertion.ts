import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type JWTPayload, jwtVerify } from 'jose'
import type { Questions } from './confirm-delete.ts'

/** The configuration that a backend shares with the gateway. */
export interface AssertionOptions {
  /** The gateway's `PUBLIC_URL`, which is the `iss` of its assertions. */
  readonly issuer: string
  /** The secrets in `GATEWAY_HMAC_SECRET`. Each of them is accepted. */
  readonly secrets: readonly string[]
}

/** The call to verify. */
export interface BackendCall {
  readonly method: string
  /** The exact URL that the gateway calls, without its query. It is the `aud` of the assertion. */
  readonly url: string
  /** Without `?`; empty if there is none. */
  readonly query: string
  /** The tool that may make this call; undefined = any tool. */
  readonly tool?: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const INPUT_FIELD = 'x-gateway-input'
const MAX_AGE_SECONDS = 60
const CLOCK_TOLERANCE_SECONDS = 5

/** The user ID of anonymous callers of public tools. It differs from every real user ID. */
const ANONYMOUS = 'anonymous'

/** The verified user ID of a call, and whether its client can ask the user. */
export interface VerifiedCall extends Questions {
  /** `auth0:<sub>`, or `ANONYMOUS`. */
  readonly uid: string
}

/**
 * Verifies `x-user-uid`, `x-gateway-sig` and `x-gateway-assertion`. Both signatures must be made with the
 * same secret, for this user, tool, method, URL and body, within the last 60 s. Returns the user ID
 * (`ANONYMOUS` for an anonymous caller) and whether the client can ask the user; undefined if the
 * verification fails.
 *
 * Does not check that an assertion is used only once, because that requires a store for `jti`.
 */
export async function verifyCall(
  call: BackendCall,
  options: AssertionOptions,
): Promise<VerifiedCall | undefined> {
  for (const secret of options.secrets) {
    const uid = verifySignature(call.headers, secret)
    const payload = uid && (await verifyAssertion(call, uid, secret, options.issuer))
    if (uid === undefined || !payload) continue
    const { elicitation } = Object(payload['client_capabilities'])
    const canAsk = elicitation?.form !== undefined
    return { uid, canAsk, input: call.headers[INPUT_FIELD]?.toString() }
  }
  return undefined
}

/**
 * Verifies `<uid>.<unix seconds>.<hex HMAC>`. A user ID may contain dots, so the value is parsed from the
 * right.
 */
function verifySignature(headers: IncomingHttpHeaders, secret: string): string | undefined {
  const { 'x-user-uid': uid, 'x-gateway-sig': signature } = headers
  if (uid === undefined && signature === undefined) return ANONYMOUS
  const [, signed, signedUid, seconds, mac] =
    /^((auth0:.+)\.(\d{1,12}))\.([0-9a-f]{64})$/.exec(String(signature)) ?? []
  if (signed === undefined || mac === undefined || signedUid !== uid) return undefined
  const expected = createHmac('sha256', secret).update(signed).digest()
  if (!timingSafeEqual(expected, Buffer.from(mac, 'hex'))) return undefined
  const age = Math.floor(Date.now() / 1000) - Number(seconds)
  return age <= MAX_AGE_SECONDS && age >= -CLOCK_TOLERANCE_SECONDS ? signedUid : undefined
}

async function verifyAssertion(
  { method, url, query, tool, headers, body }: BackendCall,
  uid: string,
  secret: string,
  issuer: string,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(
      String(headers['x-gateway-assertion']),
      new TextEncoder().encode(secret),
      {
        algorithms: ['HS256'],
        issuer,
        audience: url,
        maxTokenAge: MAX_AGE_SECONDS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'jti'],
      },
    )
    const input = headers[INPUT_FIELD]?.toString()
    const holds =
      uid === userUid(payload.sub) &&
      (tool === undefined || payload['tool'] === tool) &&
      payload['htm'] === method &&
      payload['htu'] === url &&
      payload['query_sha256'] === (query === '' ? undefined : sha256(query)) &&
      payload['body_sha256'] === sha256(body) &&
      payload['input_sha256'] === (input === undefined ? undefined : sha256(input))
    return holds ? payload : undefined
  } catch {
    return undefined
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Returns the user ID of a subject. Percent-encodes characters that headers do not allow, as the gateway
 * does.
 */
export function userUid(subject: string | undefined): string {
  if (subject === undefined) return ANONYMOUS
  return `auth0:${subject.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent)}`
}
