import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Identity } from './identity.ts'

/** What the gateway states to a backend about one call. */
export interface Statement {
  readonly issuer: string
  /** The backend's URL, to the letter. */
  readonly audience: string
  readonly identity: Identity
  readonly tool: string
  readonly requestId: string
  readonly body: string
  /** NumericDate seconds. */
  readonly now: number
}

/** Seconds during which a backend may take an assertion; also its replay window. */
const LIFETIME_SECONDS = 60
const JWT_HEADER = encode({ alg: 'HS256', typ: 'JWT' })

/**
 * The header fields that tell a backend who calls: `x-user-uid` (`auth0:<sub>`), `x-gateway-sig`
 * (`<uid>.<seconds>.<hex HMAC-SHA256 of "<uid>.<seconds>">`) and `x-gateway-assertion`, an HS256 JWT
 * (RFC 7519) that also binds the tool, the client, the scopes and the body (hex SHA-256). A call
 * without a user carries the assertion alone, without `sub`.
 */
export type SignStatement = (statement: Statement) => Record<string, string>

/** Signs statements with this secret. */
export function createStatementSigner(secret: string): SignStatement {
  const key = createSecretKey(secret, 'utf8')
  const signUid = createUidSigner(key)
  return (statement) => {
    const { identity, now } = statement
    const assertion = { 'x-gateway-assertion': signAssertion(statement, key) }
    if (identity === undefined) return assertion
    const uid = userUid(identity.subject)
    return { ...assertion, 'x-user-uid': uid, 'x-gateway-sig': signUid(uid, now) }
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

function signAssertion(statement: Statement, key: KeyObject): string {
  const { identity, now } = statement
  const payload = encode({
    iss: statement.issuer,
    aud: statement.audience,
    ...(identity !== undefined && {
      sub: identity.subject,
      client_id: identity.clientId,
      scope: [...identity.scopes].join(' '),
    }),
    tool: statement.tool,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    jti: statement.requestId,
    body_sha256: hash('sha256', statement.body),
  })
  const signed = `${JWT_HEADER}.${payload}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
