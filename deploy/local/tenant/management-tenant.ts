import type { Management } from 'auth0'
import type { LogStream } from './log-stream.ts'
import { page, type Route, refuseUnknown } from './management-api.ts'
import type { TenantState } from './state.ts'

const UPDATABLE = [
  ...['dynamic_client_registration_security_mode', 'flags', 'default_audience'],
] as const satisfies readonly (keyof Management.UpdateTenantSettingsRequestContent)[]

/** `/tenants/settings`, `/resource-servers` and `/log-streams` */
export function tenantRoutes(state: TenantState, logStream: LogStream): readonly Route[] {
  const settings = (): Management.GetTenantSettingsResponseContent => ({
    friendly_name: 'Stand-in tenant',
    flags: { enable_dynamic_client_registration: true },
    dynamic_client_registration_security_mode: state.mode,
    resource_parameter_profile: 'compatibility',
  })
  const resourceServer = (): Management.ResourceServer => ({
    id: 'api',
    name: 'Sample API',
    identifier: state.audience,
    scopes: state.scopes.map(({ value, description }) => ({ value, description })),
    signing_alg: 'RS256',
    enforce_policies: true,
    token_dialect: 'rfc9068_profile_authz',
    allow_offline_access: true,
  })
  const stream = () => ({
    id: 'lst_0000000000000001',
    name: 'log-webhook',
    type: 'http',
    status: logStream.settings.paused ? 'paused' : 'active',
    filters: [{ type: 'category', name: 'management.success' }],
    sink: {
      httpEndpoint: logStream.target?.url ?? '',
      httpContentFormat: logStream.settings.format,
      httpContentType: 'application/json',
    },
  })
  return [
    ['GET', /^\/tenants\/settings$/, () => ({ status: 200, value: settings() })],
    [
      'PATCH',
      /^\/tenants\/settings$/,
      ({ body }) => {
        refuseUnknown(body, UPDATABLE)
        const mode = body['dynamic_client_registration_security_mode']
        if (mode === 'strict' || mode === 'permissive') state.mode = mode
        return { status: 200, value: settings() }
      },
    ],
    [
      'GET',
      /^\/resource-servers$/,
      ({ query }) => ({ status: 200, value: page([resourceServer()], query, 'resource_servers') }),
    ],
    ['GET', /^\/resource-servers\/([^/]+)$/, () => ({ status: 200, value: resourceServer() })],
    ['GET', /^\/log-streams$/, () => ({ status: 200, value: [stream()] })],
  ]
}
