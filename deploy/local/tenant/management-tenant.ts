import type { Management } from 'auth0'
import { z } from 'zod'
import type { LogStream } from './log-stream.ts'
import {
  type ApiCall,
  found,
  type Listed,
  listed,
  parseBody,
  type Route,
} from './management-route.ts'
import type { TenantState } from './state.ts'

const API_ID = '000000000000000000000001'
const LOG_STREAM_ID = 'lst_0000000000000001'

const update = z
  .strictObject({
    flags: z.strictObject({ enable_dynamic_client_registration: z.boolean().optional() }),
    dynamic_client_registration_security_mode: z.enum(['strict', 'permissive']),
    resource_parameter_profile: z.enum(['audience', 'compatibility']),
    default_audience: z.string(),
  } satisfies { [Name in keyof Management.UpdateTenantSettingsRequestContent]?: z.ZodType })
  .partial()

/** `/tenants/settings`, `/resource-servers` and `/log-streams` */
export function tenantRoutes(state: TenantState, logStream: LogStream): readonly Route[] {
  const getSettings = (): Management.GetTenantSettingsResponseContent => ({
    friendly_name: 'Stand-in tenant',
    flags: { enable_dynamic_client_registration: state.isRegistrationOpen },
    dynamic_client_registration_security_mode: state.mode,
    resource_parameter_profile: state.resourceParameterProfile,
    default_audience: state.defaultAudience,
    client_id_metadata_document_supported: false,
    authorization_response_iss_parameter_supported: false,
  })
  const patchSettings = ({ body }: ApiCall): Management.UpdateTenantSettingsResponseContent => {
    const changes = parseBody(update, body)
    state.isRegistrationOpen =
      changes.flags?.enable_dynamic_client_registration ?? state.isRegistrationOpen
    state.mode = changes.dynamic_client_registration_security_mode ?? state.mode
    state.resourceParameterProfile =
      changes.resource_parameter_profile ?? state.resourceParameterProfile
    state.defaultAudience = changes.default_audience ?? state.defaultAudience
    return getSettings()
  }
  const api = (): Management.ResourceServer => ({
    id: API_ID,
    name: 'MCP',
    is_system: false,
    identifier: state.audience,
    scopes: state.scopes.map(({ value, description }) => ({ value, description })),
    signing_alg: 'RS256',
    enforce_policies: true,
    token_dialect: 'rfc9068_profile_authz',
    token_lifetime: 3_600,
    allow_offline_access: true,
    subject_type_authorization: {
      user: { policy: 'allow_all' },
      client: { policy: 'require_client_grant' },
    },
  })
  const listApis = ({ query }: ApiCall): Listed<Management.ResourceServer, 'resource_servers'> => {
    const identifiers = query.getAll('identifiers')
    const isAsked = identifiers.length === 0 || identifiers.includes(state.audience)
    return listed(isAsked ? [api()] : [], query, 'resource_servers')
  }
  const getApi = ({ id }: ApiCall): Management.GetResourceServerResponseContent => {
    const isKnown = id === API_ID || id === state.audience
    return found(isKnown ? api() : undefined, 'inexistent_resource_server', 'API')
  }
  const listStreams = (): Management.LogStreamHttpResponseSchema[] => {
    const target = logStream.target()
    return target === undefined ? [] : [toLogStream(logStream, target.url)]
  }

  return [
    { method: 'GET', path: /^\/tenants\/settings$/, answer: getSettings },
    {
      method: 'PATCH',
      path: /^\/tenants\/settings$/,
      answer: patchSettings,
      description: 'Update tenant settings',
    },
    { method: 'GET', path: /^\/resource-servers$/, answer: listApis },
    { method: 'GET', path: /^\/resource-servers\/([^/]+)$/, answer: getApi },
    { method: 'GET', path: /^\/log-streams$/, answer: listStreams },
  ]
}

function toLogStream(logStream: LogStream, url: string): Management.LogStreamHttpResponseSchema {
  const { format, paused } = logStream.settings()
  return {
    id: LOG_STREAM_ID,
    name: 'log-webhook',
    type: 'http',
    status: paused ? 'paused' : 'active',
    filters: [{ type: 'category', name: 'management.success' }],
    sink: {
      httpEndpoint: url,
      httpContentFormat: format,
      httpContentType: 'application/json',
    },
  }
}
