// Loads the package before the tests. On a busy machine this takes longer than some of their deadlines.
import 'auth0'
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest'
import { createLogWebhook } from '../../../functions/log-webhook/handler.ts'
import { type AdmissionOptions, createAdmission } from '../../../shared/auth0/admission.ts'
import { createManagement } from '../../../shared/auth0/management.ts'
import { createRedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import {
  type ClientRecord,
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../auth0/management-api.ts'
import { type Answer, type Served, serve } from '../http/serve.ts'
import { deliverTo, SECRET } from './log-stream.ts'

/** A client with the admission way `promoted`. */
export const PERMISSIVE: ClientRecord = {
  client_id: 'plain1',
  name: 'ChatGPT',
  callbacks: ['https://chatgpt.com/cb'],
  is_first_party: false,
  third_party_security_mode: 'permissive',
}
/** A client with the admission way `granted`. */
export const STRICT: ClientRecord = {
  ...PERMISSIVE,
  client_id: 'tpc_1',
  third_party_security_mode: 'strict',
}
/** A client with a redirect URI that no pattern covers. */
export const FOREIGN: ClientRecord = {
  ...STRICT,
  client_id: 'tpc_evil',
  callbacks: ['https://evil.example/cb'],
}

/** The members of a client after a promotion by an earlier version. */
export const PROMOTED = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
}

/** The tenant of the running test. */
export interface TestTenant {
  readonly api: ManagementApi
}

/**
 * Starts a tenant before each test of the file, with these clients and two connections that are enabled
 * for none of them. Ends the tenant after the test and fails the test if a call broke Auth0's contract.
 * Call it once, at the top of the file.
 */
export function tenantForEachTest(...clients: readonly ClientRecord[]): TestTenant {
  let api: ManagementApi | undefined
  beforeEach(async () => {
    api = await startManagementApi()
    for (const [name, id] of Object.entries({ 'google-oauth2': 'con_1', corp: 'con_2' })) {
      api.connections.add({ id, name })
    }
    for (const client of clients) api.clients.set(client.client_id, client)
  })
  afterEach(async () => {
    expect(api?.faults).toEqual([])
    await api?.[Symbol.asyncDispose]()
  })
  return {
    get api() {
      return api ?? expect.fail('The tenant exists only during a test.')
    },
  }
}

/** Stores this client with these changes in the tenant. */
export function changeClient(
  api: ManagementApi,
  client: ClientRecord,
  changes: Partial<ClientRecord>,
): void {
  api.clients.set(client.client_id, { ...client, ...changes })
}

/** The Management API of this tenant as the functions call it. */
export function managementOf({ domain }: ManagementApi, now?: () => number) {
  const credentials = { clientId: MGMT_CLIENT_ID, clientSecret: MGMT_CLIENT_SECRET }
  return createManagement({ domain, ...credentials }, {}, now)
}

/** Admission to `https://mcp.test/mcp` with the connection `google-oauth2`, unless options differ. */
export function admissionOf(api: ManagementApi, options: Partial<AdmissionOptions> = {}) {
  return createAdmission({
    management: managementOf(api),
    mayRedirectTo: createRedirectUriPolicy(['https://chatgpt.com/cb']),
    policy: 'admit',
    connections: ['google-oauth2'],
    audience: 'https://mcp.test/mcp',
    scopes: ['events:read'],
    readDelaysMs: [10, 10],
    ...options,
  })
}

/** Admission that does not retry reads of clients and connections that Auth0 does not know yet. */
export function admissionWithoutWaits(api: ManagementApi, options: Partial<AdmissionOptions> = {}) {
  return admissionOf(api, { readDelaysMs: [], ...options })
}

/** The function `log-webhook` with this admission. It ends with the test. */
export interface Delivering {
  readonly served: Served
  /** Sends records of a registration of these clients. */
  readonly deliver: (...clientIds: readonly string[]) => Promise<Answer>
}

/** Starts a webhook with `deadlineMs` per delivery. */
export async function webhookOf(
  api: ManagementApi,
  options: Partial<AdmissionOptions> = {},
  deadlineMs?: number,
): Promise<Delivering> {
  const admit = admissionOf(api, options)
  const served = await serve('log-webhook', () =>
    createLogWebhook({ secrets: [SECRET], admit, ...(deadlineMs && { deadlineMs }) }),
  )
  onTestFinished(() => served[Symbol.asyncDispose]())
  return {
    served,
    deliver: (...clientIds) =>
      deliverTo(
        served,
        clientIds.map((id) => ({
          log_id: `log_${id}`,
          data: {
            date: new Date().toISOString(),
            type: 'sapi',
            description: 'Dynamic client registration',
            details: { response: { body: { client_id: id } } },
          },
        })),
      ),
  }
}

/** The write calls of the Management API. */
export function writesOf(api: ManagementApi): string[] {
  return api.calls
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)
}

/** Returns the write calls of the Management API and forgets all calls. */
export function takeWrites(api: ManagementApi): string[] {
  const writes = writesOf(api)
  api.calls.length = 0
  return writes
}
