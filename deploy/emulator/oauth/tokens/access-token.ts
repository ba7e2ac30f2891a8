import { createPublicKey, createSecretKey, randomBytes } from 'node:crypto'
import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import type { TenantApi, TenantState } from '../../state.ts'
import { findApi, grantableScopes } from '../access.ts'
import { visibleScope } from '../grant.ts'
import { scopesHeld } from '../permissions.ts'

/** A JWT access token before it is signed, in the form of oidc-provider's customizer. */
interface TokenParts {
  header?: Record<string, unknown> | undefined
  payload: Record<string, unknown>
}

// The key of encrypted tokens if the API does not configure encryption. Only Auth0 has it.
const ownKey = createSecretKey(randomBytes(32))

/**
 * Returns oidc-provider's settings for the tokens of an API: the API's signing algorithm, and encryption if
 * the API has a key for it.
 *
 * @throws CustomOIDCProviderError with Auth0's message for an unknown API.
 */
export function resourceServer(
  state: TenantState,
  resource: string,
  { clientId }: Client,
): ResourceServer {
  const api = findApi(state, resource)
  if (api === undefined || api.is_system === true) {
    throw new errors.CustomOIDCProviderError('access_denied', `Service not found: ${resource}`)
  }
  const client = state.clients.get(clientId)
  const encrypt = encryptionOf(api, state.faults.encryptTokens)
  return {
    audience: api.identifier,
    scope: client ? grantableScopes(state, client, api).join(' ') : '',
    accessTokenFormat: 'jwt',
    accessTokenTTL: accessTokenLifetime(state, api),
    jwt: { sign: signatureOf(state, api), ...(encrypt !== undefined && { encrypt }) },
  }
}

/** Returns the lifetime of a new access token in seconds. */
export function accessTokenLifetime({ traits }: TenantState, api: TenantApi): number {
  return traits.tokenLifetimes.access ?? api.token_lifetime
}

function signatureOf({ keys }: TenantState, { signing_alg, signing_secret }: TenantApi) {
  if (signing_alg === 'HS256') return { alg: 'HS256', key: Buffer.from(signing_secret) } as const
  const kid = keys[0]?.kid
  return { alg: 'RS256', ...(kid !== undefined && { kid }) } as const
}

function encryptionOf({ token_encryption }: TenantApi, isStaged: boolean) {
  if (token_encryption) {
    const { alg, pem, kid } = token_encryption.encryption_key
    const key = createPublicKey(pem)
    return { alg, enc: 'A256GCM', key, ...(kid !== undefined && { kid }) } as const
  }
  return isStaged ? ({ alg: 'dir', enc: 'A256GCM', key: ownKey } as const) : undefined
}

/** Sets the claims of a token by the dialect of its API: Auth0's own, or RFC 9068's. */
export function addClaims(
  state: TenantState,
  ctx: KoaContextWithOIDC,
  { scope, grantId }: { readonly scope?: string | undefined; readonly grantId?: string },
  parts: TokenParts,
): void {
  const { payload } = parts
  const api = findApi(state, String(payload['aud']))
  if (api === undefined) return
  const shown = visibleScope(ctx, scope)
  payload['scope'] = shown
  const client = state.clients.get(String(payload['client_id']))
  // The `client_id` of a client with a metadata document is the URL of the document.
  payload['client_id'] = client?.external_client_id ?? payload['client_id']
  const organization = state.issuedFor.get(grantId ?? '')
  if (organization !== undefined) payload['org_id'] = organization
  if (api.enforce_policies === true && api.token_dialect.endsWith('_authz')) {
    // All permissions of the user for the API, not only the requested ones.
    payload['permissions'] = scopesHeld(state, String(payload['sub']), api)
  }
  // With `openid`, the audience includes the issuer's userinfo endpoint.
  const isForUserinfo = shown.split(' ').includes('openid')
  if (isForUserinfo) payload['aud'] = [api.identifier, `${state.issuer}userinfo`]
  if (api.token_dialect.startsWith('rfc9068')) return
  payload['azp'] = payload['client_id']
  delete payload['client_id']
  delete payload['jti']
  parts.header = { ...parts.header, typ: 'JWT' }
}
