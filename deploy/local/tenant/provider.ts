import { randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import {
  type Configuration,
  errors,
  type JWKS,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import { createAdapter, type Store } from './adapter.ts'
import { errorPage } from './pages.ts'
import { grantableScopes, type TenantState } from './state.ts'

/** The scopes that Auth0 lists in every tenant's metadata. */
export const OIDC_SCOPES = [
  ...['openid', 'profile', 'offline_access', 'name', 'given_name', 'family_name', 'nickname'],
  ...['email', 'email_verified', 'picture', 'created_at', 'identities', 'phone', 'address'],
]

export const INTERACTION_PATH = '/u/'

export interface ProviderOptions {
  readonly state: TenantState
  readonly store: Store
  readonly cookieKeys: readonly string[]
  /** Called with what a client has registered, once that has been found good. */
  readonly register: (id: string, metadata: Readonly<Record<string, unknown>>) => void
}

const ACCESS_TOKEN_SECONDS = 3_600
const DAY_SECONDS = 86_400

/** The OAuth 2.1 server behind the tenant's pages, made anew when the signing key changes. */
export function createProvider({ state, store, cookieKeys, register }: ProviderOptions): Provider {
  const provider = new Provider(state.issuer, {
    adapter: createAdapter(state, store, register),
    jwks: { keys: state.keys.map(withUse) } as JWKS,
    cookies: { keys: [...cookieKeys] },
    scopes: OIDC_SCOPES,
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      registration: '/oidc/register',
      revocation: '/oauth/revoke',
      jwks: '/.well-known/jwks.json',
      userinfo: '/userinfo',
    },
    clientAuthMethods: ['none', 'client_secret_post', 'client_secret_basic'],
    clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
    pkce: { required: () => true },
    extraParams: ['audience'],
    features: {
      devInteractions: { enabled: false },
      registration: {
        enabled: true,
        issueRegistrationAccessToken: false,
        idFactory: () => newClientId(state),
      },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource, client) => {
          if (resource !== state.audience) throw serviceNotFound(resource)
          const known = state.clients.get(client.clientId)
          return {
            audience: state.audience,
            scope: known ? grantableScopes(state, known).join(' ') : '',
            accessTokenFormat: 'jwt',
            accessTokenTTL: ACCESS_TOKEN_SECONDS,
            jwt: { sign: { alg: 'RS256', kid: currentKid(state) } },
          }
        },
      },
    },
    findAccount: (_ctx, id) => {
      const user = state.users.find(({ userId }) => userId === id)
      return (
        user && {
          accountId: id,
          claims: () => ({ sub: id, name: user.email, email: user.email, email_verified: true }),
        }
      )
    },
    extraTokenClaims: (_ctx, token) => {
      const user = state.users.find(
        ({ userId }) => 'accountId' in token && userId === token.accountId,
      )
      return user && { permissions: [...user.permissions] }
    },
    formats: { customizers: { jwt: addUserinfoAudience(state.issuer) } },
    interactions: { url: (_ctx, { uid }) => `${INTERACTION_PATH}${uid}` },
    loadExistingGrant: (ctx) => loadGrant(state, ctx),
    issueRefreshToken: async (ctx, client) =>
      client.grantTypeAllowed('refresh_token') &&
      ctx.oidc.entities.Grant?.getOIDCScope().split(' ').includes('offline_access') === true,
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    renderError: (ctx, { error, error_description }) => {
      ctx.type = 'html'
      ctx.body = errorPage(error, error_description ?? '')
    },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 60,
      Grant: 30 * DAY_SECONDS,
      IdToken: ACCESS_TOKEN_SECONDS,
      Interaction: 3_600,
      RefreshToken: 30 * DAY_SECONDS,
      Session: DAY_SECONDS,
    },
  } as Configuration)
  provider.use(redirectAsAuth0(state))
  return provider
}

/**
 * Auth0 sends no `iss` back (RFC 9207) unless told to, and shows a strict client's errors on a page
 * of its own (`open_redirect_protection`).
 */
function redirectAsAuth0(state: TenantState) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>) => {
    await next()
    const location = ctx.response.get('location')
    if (!URL.canParse(location)) return
    const url = new URL(location)
    if (!url.searchParams.has('iss')) return
    const client = state.clients.get(ctx.oidc?.client?.clientId ?? '')
    const error = url.searchParams.get('error')
    if (error !== null && client?.redirection_policy === 'open_redirect_protection') {
      ctx.response.remove('location')
      ctx.status = 403
      ctx.type = 'html'
      ctx.body = errorPage(error, url.searchParams.get('error_description') ?? '')
      return
    }
    url.searchParams.delete('iss')
    ctx.response.set('location', url.href)
  }
}

function newClientId(state: TenantState): string {
  const id = randomBytes(24).toString('base64url').replaceAll(/[-_]/g, 'x')
  return state.mode === 'strict' ? `tpc_${id}` : id
}

function withUse(key: JWK): JWK {
  return { ...key, use: 'sig', alg: 'RS256' }
}

function currentKid({ keys }: TenantState): string {
  return keys[0]?.kid ?? ''
}

/** Auth0's words for an API that does not exist. */
function serviceNotFound(resource: string): Error {
  return new errors.CustomOIDCProviderError('access_denied', `Service not found: ${resource}`)
}

/** With `openid` an access token is for the issuer's userinfo endpoint too. */
function addUserinfoAudience(issuer: string) {
  return (
    _ctx: KoaContextWithOIDC,
    _token: unknown,
    { payload }: { payload: Record<string, unknown> },
  ) => {
    const scopes = String(payload['scope'] ?? '').split(' ')
    if (scopes.includes('openid')) payload['aud'] = [payload['aud'], `${issuer}userinfo`]
  }
}

/** First-party clients ask nobody for consent; all others ask each time. */
async function loadGrant(state: TenantState, ctx: KoaContextWithOIDC) {
  const { provider, client, session, params, result } = ctx.oidc
  const consented = result?.consent?.grantId
  if (consented !== undefined) return provider.Grant.find(consented)
  const known = state.clients.get(client?.clientId ?? '')
  if (known?.is_first_party !== true || session?.accountId === undefined) return undefined
  return grantRequest(provider, state, {
    clientId: known.client_id,
    accountId: session.accountId,
    scope: String(params?.['scope'] ?? ''),
  })
}

export interface GrantRequest {
  readonly clientId: string
  readonly accountId: string
  /** What the client asked for, space-delimited. */
  readonly scope: string
}

/**
 * What a person grants by accepting: of the API's scopes those that the client may have and the
 * person holds, and no OIDC scope but `offline_access` to a strict client. The rest is rejected.
 */
export async function grantRequest(
  provider: Provider,
  state: TenantState,
  { clientId, accountId, scope }: GrantRequest,
) {
  const client = state.clients.get(clientId)
  const user = state.users.find(({ userId }) => userId === accountId)
  const grantable = client ? grantableScopes(state, client) : []
  const isStrict = client?.third_party_security_mode === 'strict'
  const asked = scope.split(' ').filter((value) => value !== '')
  const ofApi = asked.filter((value) => state.scopes.some((known) => known.value === value))
  const ofOidc = asked.filter((value) => OIDC_SCOPES.includes(value))
  const grant = new provider.Grant({ clientId, accountId })
  for (const value of ofApi) {
    if (grantable.includes(value) && user?.permissions.includes(value)) {
      grant.addResourceScope(state.audience, value)
    } else grant.rejectResourceScope(state.audience, value)
  }
  for (const value of ofOidc) {
    if (isStrict && value !== 'offline_access') grant.rejectOIDCScope(value)
    else grant.addOIDCScope(value)
  }
  await grant.save()
  return grant
}
