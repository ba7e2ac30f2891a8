import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { readJson, sendJson, TenantError } from './http.ts'
import type { LogStream } from './log-stream.ts'
import type { SecurityMode, TenantClient, TenantState } from './state.ts'

const SCRIPTABLE = new Set(['javascript:', 'vbscript:', 'data:', 'blob:', 'file:', 'about:'])

const redirectUri = z.string().refine((uri) => {
  const url = URL.parse(uri)
  return url !== null && !url.href.includes('#') && !SCRIPTABLE.has(url.protocol)
}, 'must be an absolute URI without fragment')

/** What Auth0 reads of RFC 7591 s2, `scope` not among it; the rest is ignored, as s3.1 has it. */
const metadata = z.object({
  redirect_uris: z.array(redirectUri).min(1),
  client_name: z.string().min(1).max(256).default('Dynamically registered client'),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token']))
    .default(['authorization_code', 'refresh_token']),
  response_types: z.array(z.literal('code')).default(['code']),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_post', 'client_secret_basic'])
    .default('client_secret_basic'),
})
type Metadata = z.infer<typeof metadata>

/**
 * `POST /oidc/register`, open to everyone: makes a third-party client without connections or
 * grants, and tells the log stream.
 */
export function createRegistration(state: TenantState, logStream: LogStream) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      if (!state.isRegistrationOpen) {
        throw new TenantError(404, 'endpoint_disabled', 'Dynamic client registration is off')
      }
      const body = await readMetadata(req)
      const client = toClient(body, state.mode)
      const answer = toAnswer(body, client)
      state.clients.set(client.client_id, client)
      sendJson(res, 201, answer)
      logStream.emit({
        type: 'sapi',
        description: 'Dynamic client registration',
        client_id: client.client_id,
        client_name: client.name,
        ip: req.socket.remoteAddress,
        user_agent: req.headers['user-agent'],
        user_id: '',
        details: {
          request: { method: 'post', path: '/oidc/register', body },
          response: { statusCode: 201, body: { ...answer, client_secret: undefined } },
        },
      })
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      sendJson(res, error.status, { error: error.errorCode, error_description: error.message })
    }
  }
}

/** @throws TenantError with the errors of RFC 7591 s3.2.2. */
async function readMetadata(req: IncomingMessage): Promise<Metadata> {
  const given = await readJson(req).catch((error: unknown) => {
    if (!(error instanceof TenantError)) throw error
    throw new TenantError(error.status, 'invalid_client_metadata', error.message)
  })
  const parsed = metadata.safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const isRedirectUri = parsed.error.issues.some(({ path }) => path[0] === 'redirect_uris')
  const code = isRedirectUri ? 'invalid_redirect_uri' : 'invalid_client_metadata'
  throw new TenantError(400, code, faults.join('; '))
}

function toClient(given: Metadata, mode: SecurityMode): TenantClient {
  const now = new Date().toISOString()
  const isPublic = given.token_endpoint_auth_method === 'none'
  return {
    client_id: `${mode === 'strict' ? 'tpc_' : ''}${randomId()}`,
    ...(!isPublic && { client_secret: randomBytes(48).toString('base64url') }),
    tenant: 'stand-in',
    global: false,
    name: given.client_name,
    callbacks: given.redirect_uris,
    grant_types: given.grant_types,
    token_endpoint_auth_method: given.token_endpoint_auth_method,
    is_first_party: false,
    oidc_conformant: true,
    third_party_security_mode: mode,
    ...(mode === 'strict' && { redirection_policy: 'open_redirect_protection' }),
    jwt_configuration: { alg: 'RS256', lifetime_in_seconds: 36_000, secret_encoded: false },
    created_at: now,
    updated_at: now,
  }
}

/** 32 letters and digits. */
function randomId(): string {
  return randomBytes(64).toString('base64').replaceAll(/[+/=]/g, '').slice(0, 32)
}

/** RFC 7591 s3.2.1 */
function toAnswer(given: Metadata, client: TenantClient) {
  return {
    client_id: client.client_id,
    ...(client.client_secret !== undefined && {
      client_secret: client.client_secret,
      client_secret_expires_at: 0,
    }),
    client_id_issued_at: Math.floor(Date.parse(client.created_at ?? '') / 1000),
    ...given,
  }
}
