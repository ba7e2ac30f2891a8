import { onTestFinished } from 'vitest'
import { parseLogWebhookConfig } from '../../../functions/log-webhook/config.ts'
import { createLogWebhook } from '../../../functions/log-webhook/handler.ts'
import { createAdmission } from '../../../shared/auth0/admission.ts'
import { createManagement, credentialsIn } from '../../../shared/auth0/management.ts'
import {
  type ClientRecord,
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../auth0/management-api.ts'
import { type Answer, type Served, serve } from '../http/serve.ts'

type Json = Readonly<Record<string, unknown>>

/** The log stream's authorization. */
export const SECRET = 'a-log-stream-secret-for-tests-0123456789'
/** A redirect URI of ChatGPT. */
export const CALLBACK = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'
/** What a promotion changes of a client. */
export const PROMOTION = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
  refresh_token: {
    rotation_type: 'rotating',
    expiration_type: 'expiring',
    leeway: 30,
    token_lifetime: 2_592_000,
    infinite_token_lifetime: false,
    idle_token_lifetime: 1_296_000,
    infinite_idle_token_lifetime: false,
  },
}
/** The client grant that admission makes. */
export const GRANT = {
  audience: 'https://mcp.test/mcp',
  scope: ['events:read', 'events:write'],
  subject_type: 'user',
}
/** How each of the two clients here is served. */
export const wayOf = (id: string) => (id === 'tpc_1' ? 'granted' : 'promoted')
/** A client that admission promotes. */
export const PERMISSIVE = {
  client_id: 'plain1',
  name: 'ChatGPT',
  callbacks: [CALLBACK],
  is_first_party: false,
  third_party_security_mode: 'permissive',
  token_endpoint_auth_method: 'client_secret_post',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
} as const
/** A client that admission grants. */
export const STRICT = {
  client_id: 'tpc_1',
  name: 'ChatGPT',
  callbacks: [CALLBACK],
  is_first_party: false,
  third_party_security_mode: 'strict',
  token_endpoint_auth_method: 'none',
} as const

/** The function `log-webhook` before a tenant that has the two clients above. */
export interface Webhook extends AsyncDisposable {
  readonly api: ManagementApi
  readonly served: Served
  /** Sends records as the log stream does; header fields may differ. */
  readonly deliver: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>
}

/** What a test changes of the function and of its tenant. */
export interface WebhookOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly clients?: readonly ClientRecord[]
  readonly now?: () => number
  readonly readDelaysMs?: readonly number[]
}

/** A webhook that ends with the test that starts it. Not for concurrent tests. */
export async function start(options?: WebhookOptions): Promise<Webhook> {
  const webhook = await startWebhook(options)
  onTestFinished(() => webhook[Symbol.asyncDispose]())
  return webhook
}

/** A webhook that the caller ends. */
export async function startWebhook({
  env = {},
  clients = [PERMISSIVE, STRICT],
  now,
  readDelaysMs = [10, 10],
}: WebhookOptions = {}): Promise<Webhook> {
  const api = await startManagementApi()
  const names = (env['GOOGLE_CONNECTION_NAME'] ?? 'google-oauth2').split(',')
  names.forEach((name, index) => {
    api.connections.add({ id: `con_${index + 1}`, name }, 'another')
  })
  for (const client of clients) api.clients.set(client.client_id, client)
  const config = parseLogWebhookConfig({
    PUBLIC_URL: 'https://mcp.test',
    TOOL_SCOPES_JSON: '{"summarizeEvents":["events:write","events:read"]}',
    MGMT_DOMAIN: api.domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    LOG_WEBHOOK_SECRET: SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    ...env,
  })
  const served = await serve('log-webhook', () =>
    createLogWebhook({
      secrets: config.LOG_WEBHOOK_SECRET,
      admit: createAdmission({
        management: createManagement(credentialsIn(config)),
        mayRedirectTo: config.mayRedirectTo,
        policy: config.DCR_POLICY,
        connections: config.GOOGLE_CONNECTION_NAME,
        audience: config.audience,
        scopes: config.scopes,
        thirdPartyAccess: config.THIRD_PARTY_ACCESS,
        readDelaysMs,
      }),
      ...(now && { now }),
    }),
  )
  return {
    api,
    served,
    deliver: (body, headers = {}) =>
      served.send({
        method: 'POST',
        path: '/auth0-log-webhook',
        headers: { 'content-type': 'application/json', authorization: SECRET, ...headers },
        body,
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([served, api].map((one) => one[Symbol.asyncDispose]()))
    },
  }
}

/** A successful dynamic registration as the log stream delivers it. */
export function registration(clientId: string, event: Json = {}) {
  return {
    log_id: `log_${clientId}`,
    data: {
      log_id: `log_${clientId}`,
      date: '2026-11-01T12:00:00.000Z',
      type: 'sapi',
      description: 'Dynamic client registration',
      client_id: null,
      details: {
        request: { method: 'post', path: '/oidc/register' },
        response: { statusCode: 201, body: { client_id: clientId } },
      },
      ...event,
    },
  }
}

/** What the answer says of each record. */
export function outcomesIn(answer: Answer): Json[] {
  return answer.json<{ records: Json[] }>().records
}

/** The calls of the Management API, with their bodies. */
export function callsOf({ api }: Webhook) {
  return api.calls.map(({ method, path, body }) => ({
    call: `${method} ${withoutPaging(path)}`,
    ...(body !== undefined && { body }),
  }))
}

/** How many records a page has is the package's business. */
function withoutPaging(path: string): string {
  const url = new URL(path, 'http://tenant')
  for (const name of ['take', 'from', 'include_totals']) url.searchParams.delete(name)
  return `${url.pathname}${url.search}`
}

/** The calls of the Management API that change something. */
export function writesOf({ api }: Webhook) {
  return api.calls.filter(({ method }) => method !== 'GET')
}
