import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { TenantError } from '../../http.ts'
import type { TenantApi, TenantClient, TenantState } from '../../state.ts'
import { scopesHeld } from '../permissions.ts'
import { accessTokenLifetime } from './access-token.ts'

/** The chain of actors (RFC 8693 s4.1). The client of the last exchange is the outermost. */
export interface Actor {
  readonly sub: string
  readonly act?: Actor | undefined
}

/** The claims of a subject token that an exchange reads. */
export interface Subject {
  readonly sub: string
  readonly client: string
  readonly act: Actor | undefined
  readonly org_id: string | undefined
}

/**
 * Verifies a token of this tenant for the API that the client is linked to, and returns its claims.
 *
 * @throws TenantError 401 for any other token, and for a user who does not exist any more.
 */
export async function verifySubject(
  { issuer, keys, users }: TenantState,
  { resource_server_identifier: audience = '' }: TenantClient,
  token: string,
): Promise<Subject> {
  const keySet = createLocalJWKSet({ keys: keys.map(publicPart) })
  const verified = await jwtVerify(token, keySet, { issuer, audience }).catch(() => undefined)
  const { sub, act, org_id: organization, ...claims } = verified?.payload ?? {}
  if (sub === undefined || !users.some(({ userId }) => userId === sub)) {
    throw new TenantError(401, 'invalid_grant', 'The subject token is invalid or expired')
  }
  return {
    sub,
    client: String(claims['client_id'] ?? claims['azp']),
    act: act as Actor | undefined,
    org_id: typeof organization === 'string' ? organization : undefined,
  }
}

/** Returns the previous chain of actors, or else the client that signed the user in. */
export function actorOf({ act, client }: Subject): Actor {
  return act ?? { sub: client }
}

/** Returns the number of `act` levels. */
export function depthOf(act: Actor | undefined): number {
  return act === undefined ? 0 : 1 + depthOf(act.act)
}

/** Signs the new token in the dialect of its API. */
export async function signToken(
  state: TenantState,
  {
    api,
    client,
    subject,
    scope,
    act,
  }: {
    readonly api: TenantApi
    readonly client: TenantClient
    readonly subject: Subject
    readonly scope: string
    readonly act: Actor
  },
): Promise<string> {
  const { issuer, keys } = state
  const [key] = keys
  const isOfProfile = api.token_dialect.startsWith('rfc9068')
  const hasPermissions = api.enforce_policies === true && api.token_dialect.endsWith('_authz')
  const isSymmetric = api.signing_alg === 'HS256'
  const claims = {
    scope,
    act,
    ...(subject.org_id !== undefined && { org_id: subject.org_id }),
    ...(hasPermissions && { permissions: scopesHeld(state, subject.sub, api) }),
    ...(isOfProfile
      ? { client_id: client.client_id, jti: randomUUID() }
      : { azp: client.client_id }),
  }
  return new SignJWT(claims)
    .setProtectedHeader({
      alg: isSymmetric ? 'HS256' : 'RS256',
      typ: isOfProfile ? 'at+jwt' : 'JWT',
      ...(!isSymmetric && key.kid !== undefined && { kid: key.kid }),
    })
    .setIssuer(issuer)
    .setSubject(subject.sub)
    .setAudience(api.identifier)
    .setIssuedAt()
    .setExpirationTime(`${accessTokenLifetime(state, api)}s`)
    .sign(isSymmetric ? Buffer.from(api.signing_secret) : await importJWK(key, 'RS256'))
}

function publicPart({ kty, n, e, kid }: JWK): JWK {
  return {
    alg: 'RS256',
    ...(kty !== undefined && { kty }),
    ...(n !== undefined && { n }),
    ...(e !== undefined && { e }),
    ...(kid !== undefined && { kid }),
  }
}
