import { randomBytes } from 'node:crypto'
import { MANAGEMENT_SCOPES } from '../management/scopes.ts'
import { initialPermissions } from '../oauth/permissions.ts'
import { newApi } from '../resource-server.ts'
import type { TenantConnection, TenantSettings, TenantState } from '../state.ts'
import { NO_FAULTS } from './faults.ts'
import { NEW_TRAITS } from './traits.ts'

const MANAGEMENT_API_ID = '000000000000000000000000'
const MANAGEMENT_GRANT_ID = 'cgr_0000000000000000'

/** The settings of a new Auth0 tenant. */
export const NEW_SETTINGS: TenantSettings = {
  friendly_name: 'Auth0 emulator',
  flags: {
    enable_dynamic_client_registration: false,
    enable_client_connections: true,
    enable_public_signup_user_exists_error: true,
    revoke_refresh_token_grant: false,
  },
  default_audience: '',
  default_directory: '',
  session_lifetime: 168,
  idle_session_lifetime: 72,
  enabled_locales: ['en'],
  sandbox_version: '22',
  resource_parameter_profile: 'audience',
  client_id_metadata_document_supported: false,
  authorization_response_iss_parameter_supported: false,
  pushed_authorization_requests_supported: false,
}

type AboutTenant = Pick<TenantState, 'issuer' | 'users' | 'management' | 'audience'>

/** Returns the state of an empty tenant. */
export function createState(about: AboutTenant, keys: TenantState['keys']): TenantState {
  const { issuer, users, management, audience } = about
  return {
    issuer,
    users,
    management,
    audience,
    clients: new Map(),
    connections: new Map(),
    grants: new Map(),
    apis: new Map(),
    logStreams: new Map(),
    userGrants: new Map(),
    roles: new Map(),
    permissions: new Map(initialPermissions(users)),
    organizations: new Map(),
    issuedFor: new Map(),
    actions: new Map(),
    bindings: new Map(),
    logs: [],
    keys,
    mode: 'strict',
    settings: NEW_SETTINGS,
    rules: [],
    hooks: [],
    outage: false,
    traits: NEW_TRAITS,
    faults: NO_FAULTS,
  }
}

/** Adds the Management API and the only client with access to it. */
export function addManagementApi({ issuer, management, clients, apis, grants }: TenantState): void {
  const identifier = `${issuer}api/v2/`
  const { clientId: client_id, clientSecret: client_secret } = management
  const scope = [...MANAGEMENT_SCOPES]
  apis.set(MANAGEMENT_API_ID, {
    ...newApi(identifier),
    id: MANAGEMENT_API_ID,
    name: 'Auth0 Management API',
    is_system: true,
    scopes: scope.map((value) => ({ value, description: value })),
  })
  clients.set(client_id, {
    client_id,
    client_secret,
    name: 'Management',
    tenant: 'emulator',
    global: false,
    app_type: 'non_interactive',
    is_first_party: true,
    oidc_conformant: true,
    callbacks: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_post',
    jwt_configuration: { alg: 'RS256', lifetime_in_seconds: 36_000, secret_encoded: false },
  })
  const audience = identifier
  const grant = { id: MANAGEMENT_GRANT_ID, client_id, audience, scope } as const
  grants.set(grant.id, { ...grant, subject_type: 'client', is_system: false })
}

/** Returns a connection that is disabled for every client. */
export function newConnection(name: string): TenantConnection {
  return {
    id: `con_${randomBytes(8).toString('hex')}`,
    name,
    // A name without "google" is a database connection.
    strategy: name.includes('google') ? 'google-oauth2' : 'auth0',
    display_name: name,
    realms: [name],
    is_domain_connection: false,
    options: {},
    enabledClients: new Set(),
  }
}
