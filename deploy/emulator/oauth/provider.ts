import type { EventEmitter } from 'node:events'
import type { JWK } from 'jose'
import {
  type AccessToken,
  type Client,
  type Configuration,
  type JWKS,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import { logExchanges } from '../log-stream/exchange-log.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantState } from '../state.ts'
import { findApi, isStrict } from './access.ts'
import { createAdapter, type Store } from './adapter.ts'
import { consentPolicy } from './consent.ts'
import { loadGrant, OIDC_SCOPES, SIGN_IN, visibleScope } from './grant.ts'
import { errorPage } from './pages.ts'
import { redirectAsAuth0 } from './redirect.ts'
import { addClaims, resourceServer } from './tokens/access-token.ts'
import { encryptOpaqueTokens } from './tokens/opaque-token.ts'
import { isRotating, refreshTokenLifetime, withholdUnchanged } from './tokens/refresh-token.ts'

export const INTERACTION_PATH = '/u/'

export interface ProviderOptions {
  readonly state: TenantState
  readonly store: Store
  readonly log: TenantLog
  readonly cookieKeys: readonly string[]
  /** Called with each internal error of the server. */
  readonly onFault: (error: Error) => void
}

const ACCESS_TOKEN_SECONDS = 3_600
const DAY_SECONDS = 86_400
const TTL = {
  AccessToken: (_ctx: unknown, { resourceServer }: AccessToken) =>
    resourceServer?.accessTokenTTL ?? ACCESS_TOKEN_SECONDS,
  AuthorizationCode: 60,
  // The longest lifetime of a refresh token.
  Grant: 3_650 * DAY_SECONDS,
  IdToken: ACCESS_TOKEN_SECONDS,
  Interaction: 3_600,
  Session: DAY_SECONDS,
}

/** Creates the OAuth 2.1 server behind the tenant's pages. A key rotation creates a new one. */
export function createProvider({
  state,
  store,
  log,
  cookieKeys,
  onFault,
}: ProviderOptions): Provider {
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
      customizers: { jwt: (ctx, token, parts) => addClaims(state, ctx, token, parts) },
    },
    interactions: {
      policy: consentPolicy(state),
      url: (_ctx, { uid }) => `${INTERACTION_PATH}${uid}`,
    },
    loadExistingGrant: (ctx) => loadGrant(state, ctx),
    expiresWithSession: () => false,
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') &&
      source.scopes.has('offline_access') &&
      allowsOfflineAccess(state, source.resource),
    rotateRefreshToken: ({ oidc }) => isRotating(state, oidc.client),
    extraParams: ['organization'],
    renderError: async (ctx, { error, error_description }) => {
      ctx.type = 'html'
      ctx.body = String(await errorPage(error, error_description ?? ''))
    },
    ttl: { ...TTL, RefreshToken: (_ctx, token) => refreshTokenLifetime(state, token) },
  } satisfies Configuration)
  provider.on('server_error', (_ctx, error) => onFault(error))
  // Without a listener, koa writes errors to the console. The event is missing in its types.
  const events: EventEmitter = provider
  events.on('error', onFault)
  provider.on('grant.success', showScope)
  provider.on('grant.success', (ctx) => withholdUnchanged(state, ctx))
  logExchanges(provider, log)
  provider.use(encryptOpaqueTokens(state))
  provider.use(redirectAsAuth0(state))
  return provider
}

function needsPkce({ clients }: TenantState, { clientId, clientAuthMethod }: Client): boolean {
  const client = clients.get(clientId)
  return clientAuthMethod === 'none' || (client !== undefined && isStrict(client))
}

function allowsOfflineAccess(state: TenantState, resource: string | string[] | undefined): boolean {
  const api = findApi(state, [resource].flat()[0])
  return api === undefined || api.allow_offline_access === true
}

function findAccount({ users }: TenantState, id: string) {
  const user = users.find(({ userId }) => userId === id)
  if (user === undefined) return undefined
  const { email } = user
  const claims = () => ({ sub: id, name: email, email, email_verified: true })
  return { accountId: id, claims }
}

/** Sets `scope` of the token response to the scopes of the token. */
function showScope(ctx: KoaContextWithOIDC): void {
  const body = ctx.body as { scope?: string }
  body.scope = visibleScope(ctx, body.scope)
  if (body.scope === '') delete body.scope
}

function withUse(key: JWK): JWK {
  return { ...key, use: 'sig', alg: 'RS256' }
}
