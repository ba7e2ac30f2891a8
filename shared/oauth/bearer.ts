/**
 * The error codes of RFC 6750 s3.1. A BearerError without a code means that the request had no
 * credentials.
 */
export type BearerErrorCode = 'invalid_request' | 'invalid_token' | 'insufficient_scope'

/** The parameters of a challenge. Undefined ones are omitted. */
export interface ChallengeParameters {
  readonly error?: BearerErrorCode | undefined
  readonly errorDescription?: string | undefined
  /** All scopes that the request needs; sent separated by spaces. */
  readonly scopes?: readonly string[] | undefined
  /** The URL of the protected resource metadata (RFC 9728 s5.1). */
  readonly resourceMetadata: string
}

const STATUSES = { invalid_request: 400, invalid_token: 401, insufficient_scope: 403 } as const

/**
 * The request is not authorized. `status` is 400, 401 or 403 (RFC 6750 s3.1). `message` is sent to the
 * client. `reason` names the exact cause and is only for the log.
 */
export class BearerError extends Error {
  override readonly name = 'BearerError'
  readonly code: BearerErrorCode | undefined
  readonly status: 400 | 401 | 403
  readonly reason: string

  constructor(code: BearerErrorCode | undefined, reason: string, message: string) {
    super(message)
    this.code = code
    this.reason = reason
    this.status = code === undefined ? 401 : STATUSES[code]
  }
}

/** Returns the error for an invalid token. The client gets `message`, the log gets `reason`. */
export function invalidToken(
  reason: string,
  message = 'The access token is not valid here.',
): BearerError {
  return new BearerError('invalid_token', reason, message)
}

const SCHEME = /^bearer(?= |$)/i
// RFC 6750 s2.1: "Bearer" 1*SP b64token
const CREDENTIALS = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/**
 * Returns the access token from the Authorization field values of one request; undefined if there are no
 * bearer credentials (no field, or another scheme), which RFC 6750 s3.1 answers with a challenge without
 * an error code.
 *
 * @throws BearerError `invalid_request` for two fields, or for credentials that are not a b64token.
 */
export function bearerToken(fieldValues: readonly string[]): string | undefined {
  const [value] = fieldValues
  if (value === undefined) return undefined
  if (fieldValues.length > 1) {
    throw new BearerError(
      'invalid_request',
      'authorization_repeated',
      'Send one Authorization header field.',
    )
  }
  if (!SCHEME.test(value)) return undefined
  const token = CREDENTIALS.exec(value)?.[1]
  if (token === undefined) {
    throw new BearerError(
      'invalid_request',
      'authorization_malformed',
      'The Authorization header field is not "Bearer" followed by one token.',
    )
  }
  return token
}

/** Returns the value of a WWW-Authenticate field (RFC 6750 s3, RFC 9110 s11.6.1, RFC 9728 s5.1). */
export function bearerChallenge(parameters: ChallengeParameters): string {
  const fields = Object.entries({
    error: parameters.error,
    error_description: parameters.errorDescription,
    scope: parameters.scopes?.join(' ') || undefined,
    resource_metadata: parameters.resourceMetadata,
  })
  return `Bearer ${fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoted(value ?? '')}`)
    .join(', ')}`
}

// RFC 6750 s3 does not allow `"` and `\` in these values, so they are replaced, not escaped.
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, ' ')}"`
}
