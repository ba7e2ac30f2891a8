import type { EventEmitter } from 'node:events'
import type { JWK } from 'jose'
import {
  type Client,
  type Configuration,
  errors,
  interactionPolicy,
  type JWKS,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import { createAdapter, type Store } from './adapter.ts'
import { loadGrant, OIDC_SCOPES, SIGN_IN, visibleScope } from './grant.ts'
import { errorPage } from './pages.ts'
import { grantableScopes, isFirstParty, isStrict, type TenantState } from './state.ts'

export const INTERACTION_PATH = '/u/'

export interface ProviderOptions {
  readonly state: TenantState
  readonly store: Store
  readonly cookieKeys: readonly string[]
  /** Called with a fault of the server itself. */
  readonly onFault: (error: Error) => void
}

const ACCESS_TOKEN_SECONDS = 3_600
const DAY_SECONDS = 86_400
const TTL = {
  AccessToken: ACCESS_TOKEN_SECONDS,
  AuthorizationCode: 60,
  Grant: 30 * DAY_SECONDS,
  IdToken: ACCESS_TOKEN_SECONDS,
  Interaction: 3_600,
  RefreshToken: 30 * DAY_SECONDS,
  Session: DAY_SECONDS,
}

/** The OAuth 2.1 server behind the tenant's pages, made anew when the signing key changes. */
export function createProvider({ state, store, cookieKeys, onFault }: ProviderOptions): Provider {
  const provider = new Provider(state.issuer, {
    adapter: createAdapter(state, store),
    jwks: { keys: state.keys.map(withUse) } as JWKS,
    cookies: { keys: [...cookieKeys] },
    scopes: [...OIDC_SCOPES, SIGN_IN],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      jwks: '/.well-known/jwks.json',
      userinfo: '/userinfo',
    },
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_post', 'client_secret_basic'],
    clientBasedCORS: () => true,
    pkce: { required: (_ctx, client) => needsPkce(state, client) },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource, client) => resourceServer(state, resource, client),
      },
    },
    findAccount: (_ctx, id) => findAccount(state, id),
    formats: {
      customizers: { jwt: (ctx, token, { payload }) => addClaims(state, ctx, token, payload) },
    },
    interactions: {
      policy: consentOfThirdParties(state),
      url: (_ctx, { uid }) => `${INTERACTION_PATH}${uid}`,
    },
    loadExistingGrant: (ctx) => loadGrant(state, ctx),
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    renderError: (ctx, { error, error_description }) => {
      ctx.type = 'html'
      ctx.body = errorPage(error, error_description ?? '')
    },
    ttl: TTL,
  } satisfies Configuration)
  provider.on('server_error', (_ctx, error) => onFault(error))
  // Without a listener koa writes to the console. Its types leave the event out.
  const events: EventEmitter = provider
  events.on('error', onFault)
  provider.on('grant.success', showScope)
  provider.use(redirectAsAuth0(state))
  return provider
}

function needsPkce({ clients }: TenantState, { clientId, clientAuthMethod }: Client): boolean {
  const client = clients.get(clientId)
  return clientAuthMethod === 'none' || (client !== undefined && isStrict(client))
}

function resourceServer(state: TenantState, resource: string, { clientId }: Client) {
  if (resource !== state.audience) {
    throw new errors.CustomOIDCProviderError('access_denied', `Service not found: ${resource}`)
  }
  const client = state.clients.get(clientId)
  return {
    audience: state.audience,
    scope: client ? grantableScopes(state, client).join(' ') : '',
    accessTokenFormat: 'jwt',
    accessTokenTTL: ACCESS_TOKEN_SECONDS,
    jwt: { sign: { alg: 'RS256', kid: state.keys[0]?.kid } },
  } as const
}

function findAccount({ users }: TenantState, id: string) {
  const user = users.find(({ userId }) => userId === id)
  if (user === undefined) return undefined
  const { email } = user
  const claims = () => ({ sub: id, name: email, email, email_verified: true })
  return { accountId: id, claims }
}

/** The claims of a JWT access token in the dialect `rfc9068_profile_authz`. */
function addClaims(
  state: TenantState,
  ctx: KoaContextWithOIDC,
  { scope }: { readonly scope?: string | undefined },
  payload: Record<string, unknown>,
): void {
  const shown = visibleScope(ctx, scope)
  const user = state.users.find(({ userId }) => userId === payload['sub'])
  payload['scope'] = shown
  payload['permissions'] = [...(user?.permissions ?? [])]
  // With `openid` a token is for the issuer's userinfo endpoint too.
  const isForUserinfo = shown.split(' ').includes('openid')
  if (isForUserinfo) payload['aud'] = [state.audience, `${state.issuer}userinfo`]
}

/** Tells the client in the token response what stands in the token. */
function showScope(ctx: KoaContextWithOIDC): void {
  const body = ctx.body as { scope?: string }
  body.scope = visibleScope(ctx, body.scope)
  if (body.scope === '') delete body.scope
}

/** Third-party clients need consent each time, first-party ones never. */
function consentOfThirdParties({ clients }: TenantState): interactionPolicy.Prompt[] {
  const { base, Check, Prompt } = interactionPolicy
  const consent = new Prompt(
    { name: 'consent', requestable: true },
    new Check('third_party', 'a third-party client needs consent', ({ oidc }) => {
      const isThirdParty = !isFirstParty(clients.get(oidc.client?.clientId ?? ''))
      return isThirdParty && oidc.result?.consent === undefined
    }),
  )
  // Every request asks for it (see authorize.ts), first-party ones in vain.
  consent.checks.remove('consent_prompt')
  const policy = base()
  policy.remove('consent')
  policy.add(consent)
  return policy
}

/**
 * Auth0 sends no `iss` back (RFC 9207) unless told to, and shows a strict client's errors on a page
 * of its own (`open_redirect_protection`).
 */
function redirectAsAuth0({ issuer, clients }: TenantState) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const location = ctx.response.get('location')
    if (!URL.canParse(location) || location.startsWith(issuer)) return
    const url = new URL(location)
    const part = url.hash === '' ? 'search' : 'hash'
    const params = new URLSearchParams(url[part].slice(1))
    const client = clients.get(ctx.oidc?.client?.clientId ?? '')
    const error = params.get('error')
    if (error !== null && client?.redirection_policy === 'open_redirect_protection') {
      ctx.response.remove('location')
      ctx.status = 403
      ctx.type = 'html'
      ctx.body = errorPage(error, params.get('error_description') ?? '')
      return
    }
    params.delete('iss')
    url[part] = params.toString()
    ctx.response.set('location', url.href)
  }
}

function withUse(key: JWK): JWK {
  return { ...key, use: 'sig', alg: 'RS256' }
}
