import type { Management as Auth0 } from 'auth0'
import { API_SETTINGS } from '../../../deploy/auth0/desired-state.ts'

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
  /** Each role with the names of its permissions for the API, and its members. */
  readonly roles: readonly {
    readonly id: string
    readonly name: string
    readonly permissions: readonly string[]
    readonly members: readonly string[]
  }[]
  /** The people, each with the names of the permissions for the API. */
  readonly people: readonly { readonly id: string; readonly permissions: readonly string[] }[]
  readonly loginExperience: 'new' | 'classic'
  readonly organizations: readonly {
    readonly id: string
    readonly third_party_client_access?: 'allow' | 'block'
    readonly connections: readonly string[]
  }[]
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

/** A tenant as provision leaves it, with one admitted client of ChatGPT and one person who may do all. */
export function provisionedTenant(publicUrl: string, secret: string): ShownTenant {
  const audience = `${publicUrl}/mcp`
  const scope = ['events:read', 'events:write']
  const grant = { audience, scope, subject_type: 'user' } as const
  return {
    settings: {
      flags: { enable_dynamic_client_registration: true },
      resource_parameter_profile: 'compatibility',
    },
    apis: [
      {
        id: 'api_1',
        identifier: audience,
        ...API_SETTINGS,
        scopes: scope.map((value) => ({ value, description: 'in other words' })),
        subject_type_authorization: { user: { policy: 'require_client_grant' } },
      },
    ],
    grants: [{ id: 'cgr_chatgpt', client_id: 'tpc_chatgpt', ...grant }],
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
        external_metadata_type: 'dcr',
        external_metadata_created_by: 'client',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    roles: [
      {
        id: 'rol_1',
        name: `Tools at ${new URL(publicUrl).host}`,
        permissions: scope,
        members: ['auth0|alice'],
      },
    ],
    people: [{ id: 'auth0|alice', permissions: scope }],
    loginExperience: 'new',
    organizations: [],
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
    if (tenant.forbidden.some((one) => path === one || path.startsWith(`${one}/`))) {
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
    const shown = show(tenant, path) ?? showPeople(tenant, path)
    return shown === undefined
      ? Response.json({ statusCode: 404, message: 'Not Found' }, { status: 404 })
      : Response.json(shown)
  }
}

/** Roles, people and organizations, whose paths have ids. */
function showPeople(tenant: ShownTenant, path: string): unknown {
  const audience = tenant.apis[0]?.identifier
  const held = (permissions: readonly string[] = []) =>
    permissions.map((permission_name) => ({
      resource_server_identifier: audience,
      permission_name,
    }))
  const [, collection, given = '', part] = path.split('/')
  const id = decodeURIComponent(given)
  const role = tenant.roles.find((one) => one.id === id)
  const person = tenant.people.find((one) => one.id === id)
  const organization = tenant.organizations.find((one) => one.id === id)
  switch (`${collection}${id && '/:id'}${part === undefined ? '' : `/${part}`}`) {
    case 'roles':
      return page('roles', tenant.roles)
    case 'roles/:id/permissions':
      return page('permissions', held(role?.permissions))
    case 'roles/:id/users':
      return { users: (role?.members ?? []).map((user_id) => ({ user_id })) }
    case 'users':
      return page(
        'users',
        tenant.people.map(({ id: user_id }) => ({ user_id })),
      )
    case 'users/:id/permissions':
      return page('permissions', held(person?.permissions))
    case 'clients/:id/connections':
      return { connections: enabledFor(tenant, id) }
    case 'prompts':
      return { universal_login_experience: tenant.loginExperience }
    case 'organizations/:id':
      return organization
    case 'organizations/:id/enabled_connections': {
      const names = organization?.connections ?? []
      const enabled = names.map((name) => ({ connection_id: name, connection: { name } }))
      return page('enabled_connections', enabled)
    }
    default:
      return undefined
  }
}

function enabledFor({ connections, enabledClients }: ShownTenant, clientId: string) {
  return connections.filter(({ id = '' }) => enabledClients[id]?.includes(clientId))
}

function page(name: string, items: readonly unknown[]) {
  return { [name]: items, start: 0, limit: 100, total: items.length }
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
