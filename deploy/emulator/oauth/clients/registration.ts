import { channel } from 'node:diagnostics_channel'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { z } from 'zod'
import { checkEntityLimit, thirdPartyClient } from '../../client.ts'
import { createRegistrationLimit } from '../../control/rate-limits.ts'
import { readJson, sendJson, TenantError } from '../../http.ts'
import type { TenantLog } from '../../log-stream/log-streams.ts'
import type { SecurityMode, TenantClient, TenantState } from '../../state.ts'

/** Publishes each registration request. */
const requests = channel('auth0-emulator:registration')
/** Publishes the ID of each registered client. */
const registered = channel('auth0-emulator:registered')
const SCRIPTABLE = new Set(['javascript:', 'vbscript:', 'data:', 'blob:', 'file:', 'about:'])

const redirectUri = z.string().refine((uri) => {
  const url = URL.parse(uri)
  return url !== null && !url.href.includes('#') && !SCRIPTABLE.has(url.protocol)
}, 'must be an absolute URI without fragment')

const DEFAULT_GRANT_TYPES = ['authorization_code', 'refresh_token']
/** The grant types that a registration may request in each mode. Others are dropped. */
const GRANT_TYPES: Readonly<Record<SecurityMode, readonly string[]>> = {
  strict: DEFAULT_GRANT_TYPES,
  permissive: [
    ...DEFAULT_GRANT_TYPES,
    ...['implicit', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
  ],
}

/** The members of RFC 7591 s2 that Auth0 reads, except `scope`. Others are ignored (s3.1). */
const metadata = z.object({
  redirect_uris: z.array(redirectUri).min(1),
  client_name: z.string().min(1).max(256).default('Dynamically registered client'),
  grant_types: z.array(z.string()).default(DEFAULT_GRANT_TYPES),
  response_types: z.array(z.string()).optional(),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_post', 'client_secret_basic'])
    .default('client_secret_post'),
})
type Metadata = z.infer<typeof metadata>

/**
 * Creates the handler of `POST /oidc/register`, which needs no authentication. It creates a third-party
 * client without connections or grants and logs the registration.
 */
export function createRegistration(state: TenantState, log: TenantLog) {
  const limit = createRegistrationLimit(state)

  const register = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const given = await readJson(req).catch((error: unknown) => error)
    requests.publish({ issuer: state.issuer, body: given })
    const { answer: staged, breaks } = state.faults.registration
    if (breaks === 'before') return void req.socket.destroy()
    if (staged !== null) return sendJson(res, staged.status, staged.body, staged.headers)
    if (state.settings.flags.enable_dynamic_client_registration !== true) {
      throw new TenantError(404, 'endpoint_disabled', 'Dynamic client registration is off')
    }
    const body = parseMetadata(given)
    checkEntityLimit(state)
    const { mode } = state
    const client = thirdPartyClient(
      state,
      {
        mode,
        name: body.client_name,
        callbacks: body.redirect_uris,
        grantTypes: body.grant_types.filter((grant) => GRANT_TYPES[mode].includes(grant)),
        authMethod: body.token_endpoint_auth_method,
      },
      { external_metadata_type: 'dcr', external_metadata_created_by: 'client' },
    )
    const answer = toAnswer(client)
    state.clients.set(client.client_id, client)
    registered.publish({ issuer: state.issuer, clientId: client.client_id })
    if (breaks === 'afterwards') req.socket.destroy()
    else sendJson(res, 201, answer)
    log.emit({
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
  }
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { refusal, headers } = limit()
    try {
      if (refusal !== undefined) throw refusal
      await register(req, res)
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      const { status, errorCode, message } = error
      sendJson(res, status, errorBody(error), headers)
      log.emit({
        type: 'fapi',
        description: message,
        ip: req.socket.remoteAddress,
        user_agent: req.headers['user-agent'],
        details: {
          request: { method: 'post', path: '/oidc/register' },
          response: { statusCode: status, body: { errorCode } },
        },
      })
    }
  }
}

/**
 * Returns the body of an error. Errors that RFC 7591 does not define have the form of the Management
 * API.
 */
function errorBody({ status: statusCode, errorCode, message }: TenantError) {
  const isTenantError = statusCode === 403 || statusCode === 429
  return isTenantError
    ? { statusCode, error: STATUS_CODES[statusCode], message, errorCode }
    : { error: errorCode, error_description: message }
}

/** Parses client metadata. @throws TenantError with the errors of RFC 7591 s3.2.2. */
function parseMetadata(given: unknown): Metadata {
  if (given instanceof TenantError) {
    throw new TenantError(given.status, 'invalid_client_metadata', given.message)
  }
  if (given instanceof Error) throw given
  const parsed = metadata.safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const isRedirectUri = parsed.error.issues.some(({ path }) => path[0] === 'redirect_uris')
  const code = isRedirectUri ? 'invalid_redirect_uri' : 'invalid_client_metadata'
  throw new TenantError(400, code, faults.join('; '))
}

/** Returns the client information response (RFC 7591 s3.2.1) with the members that Auth0 sends. */
function toAnswer(client: TenantClient) {
  return {
    client_name: client.name,
    client_id: client.client_id,
    ...(client.client_secret !== undefined && {
      client_secret: client.client_secret,
      client_secret_expires_at: 0,
    }),
    redirect_uris: client.callbacks,
    grant_types: client.grant_types,
    token_endpoint_auth_method: client.token_endpoint_auth_method,
  }
}
