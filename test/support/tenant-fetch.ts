import type { Management as Auth0 } from 'auth0'
import { API_SETTINGS } from '../../deploy/auth0/desired-state.ts'

/** What a tenant's Management API shows, as plain data that a test may change. */
export interface ShownTenant {
  readonly settings: Auth0.GetTenantSettingsResponseContent
  readonly apis: readonly Auth0.ResourceServer[]
  readonly grants: readonly Auth0.ClientGrantResponseContent[]
  readonly connections: readonly Auth0.ConnectionForList[]
  /** By connection. */
  readonly enabledClients: Readonly<Record<string, readonly string[]>>
  readonly streams: readonly Auth0.LogStreamHttpResponseSchema[]
  readonly clients: readonly Auth0.Client[]
  readonly rules: readonly Auth0.Rule[]
  readonly hooks: readonly Auth0.Hook[]
  /** What the token response says; undefined = nothing. */
  readonly scopes: string | undefined
  /** Calls to these paths are refused for want of a scope. */
  readonly forbidden: readonly string[]
  /** Paths of features that the tenant no longer has, with the status of the answer. */
  readonly gone: Readonly<Record<string, number>>
}

export const TENANT_HOST = 'tenant.example'

/** A tenant as provision leaves it, with one client of ChatGPT's that was admitted. */
export function provisionedTenant(publicUrl: string, secret: string): ShownTenant {
  const audience = `${publicUrl}/mcp`
  const scope = ['events:read', 'events:write']
  const grant = { audience, scope, subject_type: 'user' } as const
  return {
    settings: {
      flags: { enable_dynamic_client_registration: true },
      dynamic_client_registration_security_mode: 'strict',
      resource_parameter_profile: 'compatibility',
    },
    apis: [
      {
        id: 'api_1',
        identifier: audience,
        ...API_SETTINGS,
        scopes: scope.map((value) => ({ value, description: 'in other words' })),
        subject_type_authorization: { user: { policy: 'allow_all' } },
      },
    ],
    grants: [
      { id: 'cgr_default', default_for: 'third_party_clients', ...grant },
      { id: 'cgr_chatgpt', client_id: 'tpc_chatgpt', ...grant },
    ],
    connections: [{ id: 'con_1', name: 'google-oauth2', is_domain_connection: true }],
    enabledClients: {},
    streams: [
      {
        id: 'lst_1',
        type: 'http',
        status: 'active',
        filters: [{ type: 'category', name: 'management.success' }],
        sink: {
          httpEndpoint: `${publicUrl}/auth0-log-webhook`,
          httpContentFormat: 'JSONARRAY',
          httpContentType: 'application/json',
          httpAuthorization: `Bearer ${secret}`,
        },
      },
    ],
    clients: [
      {
        client_id: 'tpc_chatgpt',
        name: 'ChatGPT',
        callbacks: ['https://chatgpt.com/connector/oauth/abc'],
        is_first_party: false,
        third_party_security_mode: 'strict',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    rules: [],
    hooks: [],
    scopes: undefined,
    forbidden: [],
    gone: {},
  }
}

/** A `fetch` that answers for the tenant at `TENANT_HOST`, and passes everything else on. */
export function tenantFetch(tenant: ShownTenant): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.host !== TENANT_HOST) return fetch(input, init)
    if (url.pathname === '/oauth/token') {
      return Response.json({ access_token: 'x', expires_in: 3_600, scope: tenant.scopes })
    }
    const path = url.pathname.replace('/api/v2', '')
    if (tenant.forbidden.includes(path)) {
      const refusal = {
        statusCode: 403,
        errorCode: 'insufficient_scope',
        message: 'Insufficient scope',
      }
      return Response.json(refusal, { status: 403 })
    }
    const status = tenant.gone[path]
    if (status !== undefined) {
      const message = 'This is a deprecated feature'
      return Response.json({ statusCode: status, message }, { status })
    }
    const shown = show(tenant, path)
    return shown === undefined
      ? Response.json({ statusCode: 404, message: 'Not Found' }, { status: 404 })
      : Response.json(shown)
  }
}

function show(tenant: ShownTenant, path: string): unknown {
  const connection = /^\/connections\/([^/]+)\/clients$/.exec(path)?.[1]
  if (connection !== undefined) {
    return {
      clients: (tenant.enabledClients[connection] ?? []).map((client_id) => ({ client_id })),
    }
  }
  switch (path) {
    case '/tenants/settings':
      return tenant.settings
    case '/resource-servers':
      return { resource_servers: tenant.apis, start: 0, limit: 100, total: tenant.apis.length }
    case '/client-grants':
      return { client_grants: tenant.grants }
    case '/connections':
      return { connections: tenant.connections }
    case '/log-streams':
      return tenant.streams
    case '/clients':
      return { clients: tenant.clients, start: 0, limit: 100, total: tenant.clients.length }
    case '/rules':
      return { rules: tenant.rules, start: 0, limit: 100, total: tenant.rules.length }
    case '/hooks':
      return { hooks: tenant.hooks, start: 0, limit: 100, total: tenant.hooks.length }
    default:
      return undefined
  }
}
