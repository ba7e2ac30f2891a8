import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { SigningKey } from '../../../shared/oauth/signing-key.ts'
import type { Caller } from '../authenticator.ts'
import type { ClientHints } from '../client-hints.ts'
import type { ClientCapabilities } from '../input/capabilities.ts'

/** The claims that the gateway signs for a backend about one call. */
export interface Assertion {
  readonly issuer: string
  /** The exact URL of the request, without its query. */
  readonly audience: string
  /** The method of the request; default POST. */
  readonly method?: string
  /** The query of the URL as it is sent, without `?`. */
  readonly query?: string
  readonly caller: Caller | undefined
  /** Whether the backend is one of the operator's own, below FUNCTIONS_BASE; default true. */
  readonly isOwn?: boolean
  /** What the client claims about itself and its user. Not verified. */
  readonly hints?: ClientHints | undefined
  /** The requests for input that the client supports; undefined if none. */
  readonly capabilities?: ClientCapabilities | undefined
  /** The value of the header field that carries the client's input. */
  readonly inputField?: string | undefined
  readonly tool: string
  readonly requestId: string
  readonly body: string | Buffer | undefined
  /** Seconds since the epoch (NumericDate). */
  readonly now: number
}

/** How long a backend may accept an assertion, in seconds. A replay is possible for as long. */
const LIFETIME_SECONDS = 60

/**
 * Returns the header fields that identify the caller to a backend: `x-user-uid` (`auth0:<sub>`),
 * `x-gateway-sig` (`<uid>.<seconds>.<hex HMAC-SHA256 of "<uid>.<seconds>">`, only with a secret)
 * and `x-gateway-assertion`, a JWT (RFC 7519). The JWT also binds the tool, the client, the scopes,
 * the method and URL (`htm`, `htu` as in RFC 9449), the query and the body (hex SHA-256).
 *
 * A call without a user carries only the assertion, without `sub`. A call to a backend that is not
 * the operator's own also carries only the assertion: `x-gateway-sig` names no backend, so the
 * recipient could send it to others.
 */
export type SignAssertion = (assertion: Assertion) => Record<string, string>

/** The keys that the gateway signs with. At least one is required. */
export interface AssertionKeys {
  readonly secret?: string | undefined
  /** If set, signs the assertion instead of the secret. */
  readonly signingKey?: SigningKey | undefined
}

/** Creates the signer of assertions with these keys. */
export function createAssertionSigner({ secret, signingKey }: AssertionKeys): SignAssertion {
  const key = secret === undefined ? undefined : createSecretKey(secret, 'utf8')
  const signUid = key && createUidSigner(key)
  const signJwt = signingKey ? createSigner(signingKey) : key && createSigner(hs256(key))
  if (signJwt === undefined) throw new Error('neither a secret nor a signing key is set')
  return (assertion) => {
    const { caller, isOwn = true, now } = assertion
    const jwt = signJwt(assertion)
    if (caller === undefined || !isOwn) return { 'x-gateway-assertion': jwt }
    const uid = userUid(caller.subject)
    const fields = { 'x-gateway-assertion': jwt, 'x-user-uid': uid }
    return signUid === undefined ? fields : { ...fields, 'x-gateway-sig': signUid(uid, now) }
  }
}

function hs256(key: KeyObject): Pick<SigningKey, 'sign'> & { readonly alg: 'HS256' } {
  return {
    alg: 'HS256',
    sign: (signingInput) => createHmac('sha256', key).update(signingInput).digest('base64url'),
  }
}

/** Caches the signature of a user for one second, because it changes only then. */
function createUidSigner(key: KeyObject): (uid: string, now: number) => string {
  let second = 0
  const signatures = new Map<string, string>()
  return (uid, now) => {
    if (now !== second) signatures.clear()
    second = now
    const signingInput = `${uid}.${now}`
    const signature =
      signatures.get(uid) ?? createHmac('sha256', key).update(signingInput).digest('hex')
    signatures.set(uid, signature)
    return `${signingInput}.${signature}`
  }
}

/**
 * Returns `auth0:<sub>`. Characters that a header field cannot carry are percent-encoded, and so is
 * `%`, so that different subjects never look alike. Auth0's own subjects stay unchanged.
 */
function userUid(subject: string): string {
  return `auth0:${subject.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent)}`
}

/** JWS Compact Serialization (RFC 7515 s3.1). */
function createSigner(
  key: Pick<SigningKey, 'sign'> & { readonly alg: string; readonly kid?: string },
) {
  const header = encode({ alg: key.alg, typ: 'JWT', kid: key.kid })
  return (assertion: Assertion): string => {
    const signingInput = `${header}.${encode(claims(assertion))}`
    return `${signingInput}.${key.sign(signingInput)}`
  }
}

function claims(assertion: Assertion) {
  const { issuer, audience, method = 'POST', query = '', caller, now, body = '' } = assertion
  const { inputField } = assertion
  // JSON omits undefined members.
  const own = {
    iss: issuer,
    aud: audience,
    sub: caller?.subject,
    client_id: caller?.clientId,
    scope: caller && [...caller.scopes].join(' '),
    tool: assertion.tool,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    jti: assertion.requestId,
    htm: method,
    htu: audience,
    query_sha256: query === '' ? undefined : hash('sha256', query),
    body_sha256: hash('sha256', body),
    input_sha256: inputField === undefined ? undefined : hash('sha256', inputField),
    client_hints: assertion.hints,
    client_capabilities: assertion.capabilities,
  }
  // The claims of the caller come first, so that they cannot replace the gateway's.
  return caller?.claims === undefined ? own : { ...caller.claims, ...own }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
