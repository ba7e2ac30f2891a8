import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { SigningKey } from '../../../shared/oauth/signing-key.ts'
import type { ClientHints } from '../client-hints.ts'
import type { Identity } from '../identity.ts'
import type { ClientCapabilities } from '../input/capabilities.ts'

/** What the gateway states to a backend about one call. */
export interface Statement {
  readonly issuer: string
  /** The URL that is called, to the letter, without its query. */
  readonly audience: string
  /** The method of the request; POST unless the tool says otherwise. */
  readonly method?: string
  /** The query of the URL, as it is sent, without `?`. */
  readonly query?: string
  readonly identity: Identity
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
export type SignStatement = (statement: Statement) => Record<string, string>

/** What the gateway signs with; one of the two at least. */
export interface StatementKeys {
  readonly secret?: string | undefined
  /** Signs the assertion instead of the secret. */
  readonly signingKey?: SigningKey | undefined
}

/** Signs statements with these keys. */
export function createStatementSigner({ secret, signingKey }: StatementKeys): SignStatement {
  const key = secret === undefined ? undefined : createSecretKey(secret, 'utf8')
  const signUid = key && createUidSigner(key)
  const signAssertion = signingKey ? createSigner(signingKey) : key && createSigner(hs256(key))
  if (signAssertion === undefined) throw new Error('no key to sign with')
  return (statement) => {
    const { identity, isOwn = true, now } = statement
    const assertion = { 'x-gateway-assertion': signAssertion(statement) }
    if (identity === undefined || !isOwn) return assertion
    const uid = userUid(identity.subject)
    return {
      ...assertion,
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
  return (statement: Statement): string => {
    const signed = `${header}.${encode(claims(statement))}`
    return `${signed}.${key.sign(signed)}`
  }
}

function claims(statement: Statement) {
  const { issuer, audience, method = 'POST', query = '', identity, now, body = '' } = statement
  return {
    // First, so that no name of theirs replaces a claim of the gateway.
    ...identity?.claims,
    iss: issuer,
    aud: audience,
    ...(identity !== undefined && {
      sub: identity.subject,
      client_id: identity.clientId,
      scope: [...identity.scopes].join(' '),
    }),
    tool: statement.tool,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    jti: statement.requestId,
    htm: method,
    htu: audience,
    ...(query !== '' && { query_sha256: hash('sha256', query) }),
    body_sha256: hash('sha256', body),
    ...(statement.inputField !== undefined && {
      input_sha256: hash('sha256', statement.inputField),
    }),
    ...(statement.hints !== undefined && { client_hints: statement.hints }),
    ...(statement.capabilities !== undefined && {
      client_capabilities: statement.capabilities,
    }),
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
