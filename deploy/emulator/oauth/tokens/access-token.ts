import { createPublicKey, createSecretKey, randomBytes } from 'node:crypto'
import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import type { TenantApi, TenantState } from '../../state.ts'
import { findApi, grantableScopes } from '../access.ts'
import { visibleScope } from '../grant.ts'
import { scopesHeld } from '../permissions.ts'

/** The customizer's view of a JWT access token before it is signed. */
interface TokenParts {
  header?: Record<string, unknown> | undefined
  payload: Record<string, unknown>
}

// Nobody but Auth0 has the key of a token that is encrypted without the API's having asked for it.
const ownKey = createSecretKey(randomBytes(32))

/**
 * The API that a token is for, as oidc-provider is to make it: signed as the API says, encrypted if
 * it has a key for that.
 *
 * @throws CustomOIDCProviderError in Auth0's words for an API that does not exist.
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
    accessTokenTTL: state.traits.tokenLifetimes.access ?? api.token_lifetime,
    jwt: { sign: signatureOf(state, api), ...(encrypt !== undefined && { encrypt }) },
  }
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

/** Gives a token the claims of its API's dialect: Auth0's own, or RFC 9068's. */
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
  // A client of a metadata document goes by its URL.
  payload['client_id'] = client?.external_client_id ?? payload['client_id']
  const organization = state.issuedFor.get(grantId ?? '')
  if (organization !== undefined) payload['org_id'] = organization
  if (api.enforce_policies === true && api.token_dialect.endsWith('_authz')) {
    // Everything that the person may do at the API, asked for or not.
    payload['permissions'] = scopesHeld(state, String(payload['sub']), api)
  }
  // With `openid` a token is for the issuer's userinfo endpoint too.
  const isForUserinfo = shown.split(' ').includes('openid')
  if (isForUserinfo) payload['aud'] = [api.identifier, `${state.issuer}userinfo`]
  if (api.token_dialect.startsWith('rfc9068')) return
  payload['azp'] = payload['client_id']
  delete payload['client_id']
  delete payload['jti']
  parts.header = { ...parts.header, typ: 'JWT' }
}
