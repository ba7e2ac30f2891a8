import { afterEach, expect } from 'vitest'
import { setUp } from '../../../deploy/emulator/control/setup.ts'
import type { TenantState, TenantUser } from '../../../deploy/emulator/state.ts'
import { startedForAllTests } from '../each-test.ts'
import { LOG_WEBHOOK_SECRET, startFront } from '../http/front.ts'
import { PRIVATE_TOOLS } from '../http/serve.ts'
import { type DoctorOptions, type DoctorReport, doctorReport } from './doctor.ts'
import { MANAGEMENT, stage, startRecordedEmulator, UNLIMITED } from './recorded-emulator.ts'

/** The state of the emulator; `users` can be changed too. */
export type DoctorState = TenantState & { readonly users: TenantUser[] }
/** Changes the provisioned tenant before a run of doctor. */
export type Change = (state: DoctorState) => void
export type Variables = Readonly<Record<string, string | undefined>>
type Arguments = readonly string[]

/** The redirect URI of the admitted client, and one that the policy does not allow. */
export const CHATGPT = 'https://chatgpt.com/connector/oauth/abc'
export const FOREIGN = 'https://chatgpt.com.evil.example/callback'
export const CONNECTION = 'google-oauth2'
export const CHATGPT_ID = 'tpc_chatgpt'
export const API_SCOPES = ['events:read', 'events:write']

const ALICE: TenantUser = {
  email: 'alice@example.com',
  password: 'password',
  userId: 'auth0|alice',
  permissions: API_SCOPES,
}

/**
 * A deployment and an Auth0 emulator for all tests of a file, and runs of doctor against them. Every run
 * starts with a provisioned tenant. A test fails if doctor sent a request that Auth0 would refuse with 400.
 */
export function doctorForAllTests() {
  const front = startedForAllTests(startFront)
  const tenant = startedForAllTests(startDoctorTenant)
  afterEach(() => expect(tenant.faults.splice(0)).toEqual([]))

  /** Fills the tenant of the deployment at `url`, and returns the options of a run against both. */
  const optionsFor = (
    change: Change = () => undefined,
    env: Variables = {},
    { url }: { readonly url: string } = front,
  ) => {
    fill(tenant.state, `${url}/mcp`, `${url}/auth0-log-webhook`)
    change(tenant.state)
    const variables = {
      PUBLIC_URL: url,
      TOOLS: JSON.stringify(PRIVATE_TOOLS),
      MGMT_DOMAIN: tenant.domain,
      MGMT_CLIENT_ID: MANAGEMENT.clientId,
      MGMT_CLIENT_SECRET: MANAGEMENT.clientSecret,
      LOG_WEBHOOK_SECRET,
      GOOGLE_CONNECTION_NAME: CONNECTION,
      ...env,
    }
    return { env: variables } satisfies DoctorOptions
  }
  const examine = (change?: Change, env?: Variables, args: Arguments = []): Promise<DoctorReport> =>
    doctorReport([front.url, ...args], optionsFor(change, env))
  return { front, optionsFor, examine }
}

async function startDoctorTenant() {
  const users: TenantUser[] = []
  const emulator = await startRecordedEmulator({ audience: 'https://mcp.test/mcp', users })
  return { ...emulator, state: Object.assign(emulator.state, { users }) }
}

/** The tenant as provision leaves it, with one admitted client of ChatGPT and one user with all permissions. */
function fill(state: DoctorState, audience: string, httpEndpoint: string): void {
  const scopes = API_SCOPES.map((value) => ({ value, description: `Permission ${value}` }))
  const users = [ALICE]
  const connections = [CONNECTION]
  setUp(state, { audience, scopes, users, connections, management: MANAGEMENT }, false)
  state.users.splice(0, state.users.length, ...users)
  stage(state, { ...UNLIMITED, namesScopes: false })
  const { id, ...api } = apiOf(state)
  const subject_type_authorization = { user: { policy: 'require_client_grant' } } as const
  state.apis.set(id, { ...api, id, subject_type_authorization })
  for (const connection of state.connections.values()) connection.is_domain_connection = true
  state.clients.set(CHATGPT_ID, {
    client_id: CHATGPT_ID,
    name: 'ChatGPT',
    callbacks: [CHATGPT],
    is_first_party: false,
    third_party_security_mode: 'strict',
    external_metadata_type: 'dcr',
    external_metadata_created_by: 'client',
    grant_types: ['authorization_code', 'refresh_token'],
  })
  state.grants.set('cgr_chatgpt', {
    id: 'cgr_chatgpt',
    client_id: CHATGPT_ID,
    audience,
    scope: API_SCOPES,
    subject_type: 'user',
  })
  state.logStreams.set('lst_1', {
    id: 'lst_1',
    name: 'MCP',
    type: 'http',
    status: 'active',
    filters: [{ type: 'category', name: 'management.success' }],
    sink: {
      httpEndpoint,
      httpContentFormat: 'JSONARRAY',
      httpContentType: 'application/json',
      httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}`,
    },
  })
  state.roles.set('rol_1', {
    id: 'rol_1',
    name: `Tools at ${new URL(audience).host}`,
    permissions: permissionsFor(audience, API_SCOPES),
    users: [ALICE.userId],
  })
}

/** The API of the deployment: the first one that is not Auth0's own. */
export function apiOf({ apis }: TenantState) {
  const api = [...apis.values()].find(({ is_system }) => is_system !== true)
  return api ?? expect.unreachable('the tenant has no API')
}

export function permissionsFor(audience: string, names: readonly string[]) {
  return names.map((permission_name) => ({ resource_server_identifier: audience, permission_name }))
}
