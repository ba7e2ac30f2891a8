import { exchangeAuthorization, OAuthError } from '@modelcontextprotocol/client'
import type { Fetch } from '../../diagnostics/probe.ts'
import { audiencesIn, readTokenContent, scopesIn } from '../../diagnostics/token-reader.ts'
import { reportingFetch } from '../discovery/send-request.ts'
import { faultOfRefusal, StepError } from '../failure.ts'
import type { StepResult } from '../step.ts'
import type { AuthorizationResponse } from './authorization-response.ts'
import type { Authorization, AuthorizationRequest } from './sign-in.ts'

/** The claims that may be shown. */
export interface TokenClaims {
  readonly scopes: readonly string[]
}

export interface ExpectedToken {
  readonly issuer: string
  /** Undefined: any. */
  readonly audience: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Exchanges the code, and returns the access token.
 *
 * @throws StepError
 */
export async function exchangeCode(
  send: Fetch,
  request: AuthorizationRequest,
  { redirectUri, codeVerifier }: Authorization,
  { code, iss }: AuthorizationResponse,
): Promise<string> {
  const { metadata, resource, client } = request
  try {
    const tokens = await exchangeAuthorization(metadata.issuer, {
      metadata,
      clientInformation: client,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      codeVerifier,
      redirectUri,
      ...(resource.resource !== undefined && { resource: resource.resource }),
      fetchFn: reportingFetch(send),
    })
    return tokens.access_token
  } catch (error) {
    if (error instanceof StepError) throw error
    const seen = exchangeFailure(error)
    throw new StepError(faultOfRefusal(seen, 'token_refused'), seen)
  }
}

/** Describes an OAuth error. Other responses are not shown, because they may contain a token. */
function exchangeFailure(error: unknown): string {
  if (!(error instanceof OAuthError)) return 'the response is not a token response (RFC 6749 s5.1)'
  const [message = ''] = error.message.split(/: Invalid OAuth error response|Invalid OAuth error/)
  return [error.code, message].filter(Boolean).join(': ').slice(0, 200)
}

/**
 * Checks the form, algorithm, issuer, audience, scopes and lifetime of an access token. Does not check
 * the signature; the gateway does.
 *
 * @throws StepError
 */
export function readToken(accessToken: string, expected: ExpectedToken): StepResult<TokenClaims> {
  const { parts, header, claims } = readTokenContent(accessToken)
  if (parts === 5) throw new StepError('ACCESS_TOKEN_IS_ENCRYPTED_JWE', 'five parts: a JWE')
  if (parts !== 3 || header === undefined || claims === undefined) {
    throw new StepError('ACCESS_TOKEN_IS_OPAQUE', 'not a JWT')
  }
  const { alg, typ } = header
  if (alg !== 'RS256') throw new StepError('token_alg_not_rs256', `alg is ${alg}`)
  const { iss, exp, permissions } = claims
  const audiences = audiencesIn(claims)
  if (expected.audience !== undefined && !audiences.includes(expected.audience)) {
    const seen = `aud is ${audiences.join(' ') || 'absent'}`
    const details = { audience: expected.audience }
    throw new StepError('token_aud_mismatch', seen, { details })
  }
  if (iss !== expected.issuer) throw new StepError('token_iss_mismatch', `iss is ${iss}`)
  const expiresAtMs = typeof exp === 'number' ? exp * 1_000 : 0
  const minutes = Math.round((expiresAtMs - expected.now) / 60_000)
  if (expiresAtMs <= expected.now) {
    throw new StepError('token_expired', `exp was ${-minutes} min ago`)
  }
  const scopes = scopesIn(claims)
  const permissionsText = Array.isArray(permissions)
    ? permissions.join(' ') || 'none'
    : 'not in the token'
  const seen = [
    `${alg}${typ === undefined ? '' : ` ${typ}`}`,
    `iss ${iss}`,
    `aud ${audiences.join(' ')}`,
    `scope ${scopes.join(' ') || 'none'}`,
    `permissions ${permissionsText}`,
    `exp in ${minutes} min`,
  ]
  return { value: { scopes }, seen: seen.join(', ') }
}
