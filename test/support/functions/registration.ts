import { expect, onTestFinished } from 'vitest'
import { parseRegistrationConfig } from '../../../functions/registration/config.ts'
import { createRegistration } from '../../../functions/registration/handler.ts'
import { createRegisterAtIssuer } from '../../../functions/registration/issuer-registration.ts'
import {
  createAdmission,
  createAdmissionCheck,
  createDeletion,
} from '../../../shared/auth0/admission.ts'
import { createManagement } from '../../../shared/auth0/management.ts'
import {
  type ManagementApi,
  MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET,
  startManagementApi,
} from '../auth0/management-api.ts'
import { type RegistrationEndpoint, registrationEndpoint } from '../auth0/registration-endpoint.ts'
import { type Answer, type SendOptions, type Served, serve } from '../http/serve.ts'

/** A redirect URI of ChatGPT. */
export const CALLBACK = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'
/** The client metadata that ChatGPT registers. */
export const CHATGPT = {
  client_name: 'ChatGPT',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** The function `registration` with a tenant without clients. */
export interface Registration {
  readonly api: ManagementApi
  /** Auth0's own registration endpoint. */
  readonly auth0: RegistrationEndpoint
  readonly served: Served
  /** Registers ChatGPT, or the metadata in `body`. */
  readonly register: (
    body?: unknown,
    signal?: AbortSignal,
    headers?: SendOptions['headers'],
  ) => Promise<Answer>
}

/** Changes of the function. */
export interface RegistrationOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly isBehindFront?: boolean
  readonly admissionTimeoutMs?: number
}

/** Starts a registration endpoint that ends after the test. */
export async function start({
  env = {},
  ...options
}: RegistrationOptions = {}): Promise<Registration> {
  const api = await startManagementApi()
  const auth0 = registrationEndpoint(api)
  api.connections.add({ id: 'con_1', name: 'google-oauth2' })
  const config = parseRegistrationConfig({
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: auth0.issuer,
    AUTH_SERVER_METADATA: 'curated',
    TOOL_SCOPES_JSON: '{"summarizeEvents":["events:write","events:read"]}',
    MGMT_DOMAIN: api.domain,
    MGMT_CLIENT_ID,
    MGMT_CLIENT_SECRET,
    GOOGLE_CONNECTION_NAME: 'google-oauth2',
    ...env,
  })
  const management = createManagement({
    domain: config.MGMT_DOMAIN,
    clientId: config.MGMT_CLIENT_ID,
    clientSecret: config.MGMT_CLIENT_SECRET,
  })
  const connections = config.GOOGLE_CONNECTION_NAME
  const { mayRedirectTo, audience, scopes } = config
  const thirdPartyAccess = config.THIRD_PARTY_ACCESS
  const admission = { management, mayRedirectTo, connections, audience, scopes, thirdPartyAccess }
  const served = await serve('registration', () =>
    createRegistration({
      isOffered: config.AUTH_SERVER_METADATA === 'curated',
      mayRedirectTo,
      check: createAdmissionCheck({ management, connections }),
      register: createRegisterAtIssuer(config.OAUTH_ISSUER),
      admit: createAdmission({ ...admission, policy: 'admit', readDelaysMs: [10, 10] }),
      remove: createDeletion(management),
      ...options,
    }),
  )
  onTestFinished(async () => {
    await Promise.all([served, auth0, api].map((one) => one[Symbol.asyncDispose]()))
  })
  return {
    api,
    auth0,
    served,
    register: (body = CHATGPT, signal, headers) =>
      served.send({
        method: 'POST',
        path: '/oauth/register',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        ...(signal && { signal }),
      }),
  }
}

/** The write calls of the Management API, with `ID` in place of the client id. */
export function writesOf({ api }: Registration): string[] {
  return api.calls
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.replace(/^\/clients\/[^/]+/, '/clients/ID')}`)
}

/** The id of the only client in the tenant. */
export function clientIdIn({ api }: Registration): string {
  return [...api.clients.keys()].join()
}

/** Expects that the tenant has no client. */
export function expectNothing(registration: Registration): void {
  expect([...registration.api.clients.keys()]).toEqual([])
}
