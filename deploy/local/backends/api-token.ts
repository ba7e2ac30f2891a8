import { createRemoteJWKSet, jwtVerify } from 'jose'
import { userUid } from './statement.ts'

/** Who calls an API, by an access token of its own. */
export interface ApiCaller {
  /** As in the gateway's statement: `auth0:<sub>`. */
  readonly uid: string
  readonly scopes: ReadonlySet<string>
}

/** The caller that the Authorization field names; undefined when its token is not for this API. */
export type VerifyApiToken = (authorization: string) => Promise<ApiCaller | undefined>

/** Verifies as any API of an Auth0 tenant does, by the key set of the issuer. */
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
