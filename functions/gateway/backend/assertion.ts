import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { SigningKey } from '../../../shared/oauth/signing-key.ts'
import type { Caller } from '../authenticator.ts'
import type { ClientHints } from '../client-hints.ts'
import type { ClientCapabilities } from '../input/capabilities.ts'

/** What the gateway states to a backend about one call. */
export interface Assertion {
  readonly issuer: string
  /** The URL that is called, to the letter, without its query. */
  readonly audience: string
  /** The method of the request; POST unless the tool says otherwise. */
  readonly method?: string
  /** The query of the URL, as it is sent, without `?`. */
  readonly query?: string
  readonly caller: Caller | undefined
  /** Whether the backend is one of the operator's own, below FUNCTIONS_BASE. */
  readonly isOwn?: boolean
  /** What the client says of itself and its user, not verified. */
  readonly hints?: ClientHints | undefined
  /** What the client can be asked; undefined: nothing. */
  readonly capabilities?: ClientCapabilities | undefined
  /** The header field that hands over the answers to questions. */
  readonly inputField?: string | undefined
  readonly tool: string
  readonly requestId: string
  readonly body: string | Buffer | undefined
  /** NumericDate seconds. */
  readonly now: number
}

/** Seconds during which a backend may take an assertion; also its replay window. */
const LIFETIME_SECONDS = 60

/**
 * The header fields that tell a backend who calls: `x-user-uid` (`auth0:<sub>`), `x-gateway-sig`
 * (`<uid>.<seconds>.<hex HMAC-SHA256 of "<uid>.<seconds>">`, only with a secret) and
 * `x-gateway-assertion`, a JWT (RFC 7519) that also binds the tool, the client, the scopes, the method
 * and URL (`htm`, `htu` as in RFC 9449), the query and the body (hex SHA-256). A call without a user
 * carries the assertion alone, without `sub`. So does one to a backend that is not the operator's own:
 * `x-gateway-sig` names no backend, so that what gets it could send it to others.
 */
export type SignAssertion = (assertion: Assertion) => Record<string, string>

/** What the gateway signs with; one of the two at least. */
export interface AssertionKeys {
  readonly secret?: string | undefined
  /** Signs the assertion instead of the secret. */
  readonly signingKey?: SigningKey | undefined
}

/** Creates the signer of assertions with these keys. */
export function createAssertionSigner({ secret, signingKey }: AssertionKeys): SignAssertion {
  const key = secret === undefined ? undefined : createSecretKey(secret, 'utf8')
  const signUid = key && createUidSigner(key)
  const signJwt = signingKey ? createSigner(signingKey) : key && createSigner(hs256(key))
  if (signJwt === undefined) throw new Error('no key to sign with')
  return (assertion) => {
    const { caller, isOwn = true, now } = assertion
    const fields = { 'x-gateway-assertion': signJwt(assertion) }
    if (caller === undefined || !isOwn) return fields
    const uid = userUid(caller.subject)
    return {
      ...fields,
      'x-user-uid': uid,
      ...(signUid && { 'x-gateway-sig': signUid(uid, now) }),
    }
  }
}

function hs256(key: KeyObject): Pick<SigningKey, 'sign'> & { readonly alg: 'HS256' } {
  return {
    alg: 'HS256',
    sign: (signed) => createHmac('sha256', key).update(signed).digest('base64url'),
  }
}

/** Says the same of a user for a whole second, so it is signed once in that time. */
function createUidSigner(key: KeyObject): (uid: string, now: number) => string {
  let second = 0
  const signatures = new Map<string, string>()
  return (uid, now) => {
    if (now !== second) signatures.clear()
    second = now
    const signed = `${uid}.${now}`
    const signature = signatures.get(uid) ?? createHmac('sha256', key).update(signed).digest('hex')
    signatures.set(uid, signature)
    return `${signed}.${signature}`
  }
}

/**
 * `auth0:<sub>`, with what a header field cannot carry percent-encoded (and `%` itself, so that two
 * subjects never look alike). Auth0's own subjects come out as they are.
 */
function userUid(subject: string): string {
  return `auth0:${subject.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent)}`
}

/** RFC 7515 s3.1 */
function createSigner(
  key: Pick<SigningKey, 'sign'> & { readonly alg: string; readonly kid?: string },
) {
  const header = encode({ alg: key.alg, typ: 'JWT', kid: key.kid })
  return (assertion: Assertion): string => {
    const signed = `${header}.${encode(claims(assertion))}`
    return `${signed}.${key.sign(signed)}`
  }
}

function claims(assertion: Assertion) {
  const { issuer, audience, method = 'POST', query = '', caller, now, body = '' } = assertion
  return {
    // First, so that no name of theirs replaces a claim of the gateway.
    ...caller?.claims,
    iss: issuer,
    aud: audience,
    ...(caller !== undefined && {
      sub: caller.subject,
      client_id: caller.clientId,
      scope: [...caller.scopes].join(' '),
    }),
    tool: assertion.tool,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    jti: assertion.requestId,
    htm: method,
    htu: audience,
    ...(query !== '' && { query_sha256: hash('sha256', query) }),
    body_sha256: hash('sha256', body),
    ...(assertion.inputField !== undefined && {
      input_sha256: hash('sha256', assertion.inputField),
    }),
    ...(assertion.hints !== undefined && { client_hints: assertion.hints }),
    ...(assertion.capabilities !== undefined && {
      client_capabilities: assertion.capabilities,
    }),
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
