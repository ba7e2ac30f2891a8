import type { LogEvent } from './log-stream.ts'
import type { SecurityMode, TenantClient } from './state.ts'

/** What becomes of a dynamic registration: a third-party client without connections or grants. */
export function registeredClient(
  id: string,
  metadata: Readonly<Record<string, unknown>>,
  mode: SecurityMode,
): TenantClient {
  const method = metadata['token_endpoint_auth_method']
  const now = new Date().toISOString()
  return {
    client_id: id,
    name: String(metadata['client_name'] ?? ''),
    callbacks: strings(metadata['redirect_uris']),
    grant_types: strings(metadata['grant_types']),
    token_endpoint_auth_method:
      method === 'client_secret_post' || method === 'client_secret_basic' ? method : 'none',
    ...(typeof metadata['client_secret'] === 'string' && {
      client_secret: metadata['client_secret'],
    }),
    is_first_party: false,
    oidc_conformant: true,
    third_party_security_mode: mode,
    ...(mode === 'strict' && { redirection_policy: 'open_redirect_protection' as const }),
    jwt_configuration: { alg: 'RS256' },
    created_at: now,
    updated_at: now,
  }
}

/** The event by which the log stream tells of it. */
export function registrationEvent({ client_id, name, callbacks }: TenantClient): LogEvent {
  return {
    type: 'sapi',
    description: 'Dynamic client registration',
    client_id,
    client_name: name,
    ip: '127.0.0.1',
    user_agent: 'openai-connectors-oauth/1.0',
    tenant_name: 'stand-in',
    details: {
      request: { method: 'post', path: '/oidc/register', body: { client_name: name } },
      response: {
        statusCode: 201,
        body: { client_id, client_name: name, redirect_uris: callbacks },
      },
    },
  }
}

/**
 * The body of a registration as oidc-provider takes it: Auth0 ignores `scope`, knows no
 * registration of other members, and takes custom schemes without a word about the application's type.
 */
export function toRegistrationBody(body: Readonly<Record<string, unknown>>): object {
  const uris = strings(body['redirect_uris'])
  return {
    client_name: body['client_name'],
    redirect_uris: body['redirect_uris'],
    grant_types: body['grant_types'] ?? ['authorization_code', 'refresh_token'],
    response_types: body['response_types'] ?? ['code'],
    token_endpoint_auth_method: body['token_endpoint_auth_method'] ?? 'none',
    application_type: uris.every((uri) => /^https?:/i.test(uri)) ? 'web' : 'native',
    ...(body['client_uri'] !== undefined && { client_uri: body['client_uri'] }),
    ...(body['logo_uri'] !== undefined && { logo_uri: body['logo_uri'] }),
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
