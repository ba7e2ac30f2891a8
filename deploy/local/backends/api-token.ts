import { createRemoteJWKSet, jwtVerify } from 'jose'
import { userUid } from './assertion.ts'

/** The caller of an API, from an access token for that API. */
export interface ApiCaller {
  /** The user ID as in the gateway's assertion: `auth0:<sub>`. */
  readonly uid: string
  readonly scopes: ReadonlySet<string>
}

/** Returns the caller of an Authorization header; undefined if its token is not valid for this API. */
export type VerifyApiToken = (authorization: string) => Promise<ApiCaller | undefined>

/** Creates a verifier that uses the issuer's key set, as any API of an Auth0 tenant does. */
export function createApiTokenVerifier(issuer: string, audience: string): VerifyApiToken {
  const keySet = createRemoteJWKSet(new URL('.well-known/jwks.json', issuer))
  const expected = {
    issuer,
    audience,
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'sub'],
  }
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
    const verified = await jwtVerify(token, keySet, expected).catch(() => undefined)
    if (verified === undefined) return undefined
    const { sub, scope } = verified.payload
    const scopes = new Set(typeof scope === 'string' ? scope.split(' ') : [])
    return { uid: userUid(sub), scopes }
  }
}
