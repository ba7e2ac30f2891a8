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
import { PROMOTED } from './admission.ts'
import { deliverTo, SECRET } from './log-stream.ts'

type Json = Readonly<Record<string, unknown>>

/** A redirect URI of ChatGPT. */
export const CALLBACK = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'
/** The members that a promotion changes. */
export const PROMOTION = {
  ...PROMOTED,
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
/** The client grant that admission creates. */
export const GRANT = {
  audience: 'https://mcp.test/mcp',
  scope: ['events:read', 'events:write'],
  subject_type: 'user',
}
/** The admission way of each of the two clients. */
export const wayOf = (id: string) => (id === 'tpc_1' ? 'granted' : 'promoted')
/** A client with the admission way `promoted`. */
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
/** A client with the admission way `granted`. */
export const STRICT = {
  client_id: 'tpc_1',
  name: 'ChatGPT',
  callbacks: [CALLBACK],
  is_first_party: false,
  third_party_security_mode: 'strict',
  token_endpoint_auth_method: 'none',
} as const

/** The function `log-webhook` with a tenant that has the two clients above. */
export interface Webhook extends AsyncDisposable {
  readonly api: ManagementApi
  readonly served: Served
  /** Sends records as the log stream does. `headers` replaces header fields. */
  readonly deliver: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>
}

/** Changes of the function and of its tenant. */
export interface WebhookOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly clients?: readonly ClientRecord[]
  readonly now?: () => number
  readonly readDelaysMs?: readonly number[]
}

/** Starts a webhook that ends after the test. Not for concurrent tests. */
export async function start(options?: WebhookOptions): Promise<Webhook> {
  const webhook = await startWebhook(options)
  onTestFinished(() => webhook[Symbol.asyncDispose]())
  return webhook
}

/** Starts a webhook that the caller ends. */
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
    deliver: (body, headers) => deliverTo(served, body, headers),
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

/** The Management API calls with their bodies. */
export function callsOf({ api }: Webhook) {
  return api.calls.map(({ method, path, body }) => ({
    call: `${method} ${withoutPaging(path)}`,
    ...(body !== undefined && { body }),
  }))
}

/** Removes paging parameters, which the `auth0` package chooses. */
function withoutPaging(path: string): string {
  const url = new URL(path, 'http://tenant')
  for (const name of ['take', 'from', 'include_totals']) url.searchParams.delete(name)
  return `${url.pathname}${url.search}`
}

/** The write calls of the Management API. */
export function writesOf({ api }: Webhook) {
  return api.calls.filter(({ method }) => method !== 'GET')
}
