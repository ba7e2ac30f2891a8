import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { readText, sendHtml } from '../http.ts'
import type { LogEvent } from '../log-stream/log-delivery.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantClient, TenantState } from '../state.ts'
import { clientIdOf, isStrict, whyNotAllowed } from './access.ts'
import { registerItself } from './clients/cimd-client.ts'
import { SIGN_IN } from './grant.ts'
import { errorPage } from './pages.ts'

export const AUTHORIZE_PATH = '/authorize'

/**
 * The parameters that Auth0 accepts from strict third-party clients, besides `ext-...` parameters.
 * `organization` is a guess: Auth0's list omits it, but its page on Organizations includes it.
 */
const ACCEPTED_FROM_STRICT = new Set([
  ...['acr_values', 'audience', 'authorization_details', 'client_id', 'code_challenge'],
  ...['code_challenge_method', 'connection', 'correlation_id', 'display', 'dpop_jkt'],
  ...['login_hint', 'max_age', 'nonce', 'prompt', 'redirect_uri', 'resource', 'response_type'],
  ...['scope', 'state', 'ui_locales', 'organization'],
])
/** The parameters that are passed to oidc-provider. Others are ignored. */
const PASSED_ON = new Set([
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'state'],
  ...['code_challenge', 'code_challenge_method', 'prompt', 'login_hint', 'nonce', 'organization'],
])
/** oidc-provider's prompt for each prompt of Auth0, which ignores other values. */
const PROMPTS: ReadonlyMap<string, string> = new Map([
  ['none', 'none'],
  ['login', 'login'],
  ['consent', 'consent'],
  // A browser session of the emulator has one account, so a change of account requires a sign-in.
  ['select_account', 'login'],
])

export interface AuthorizeOptions {
  readonly state: TenantState
  readonly provider: () => Provider
  readonly log: TenantLog
}

/**
 * Creates the handler of `/authorize`. It makes the checks that Auth0 makes before a sign-in and shows an
 * error page if one fails. Then it passes the request to oidc-provider, with the API as `resource`.
 */
export function createAuthorize({ state, provider, log }: AuthorizeOptions) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const query = new URL(req.url ?? '', state.issuer).searchParams
    const given = req.method === 'POST' ? new URLSearchParams(await readText(req)) : query
    const audience = audienceOf(state, given)
    const registered = await registerItself(state, given.get('client_id') ?? '')
    if (registered !== undefined) log.emit(selfRegistration(registered, req))
    given.set('client_id', clientIdOf(state, given.get('client_id') ?? ''))
    const client = state.clients.get(given.get('client_id') ?? '')
    const refused = [...new Set(given.keys())].filter(isRefusedFromStrict)
    if (client !== undefined && isStrict(client) && refused.length > 0) {
      const description = `Unsupported parameter: ${refused.join(', ')}`
      return sendHtml(res, 400, errorPage('invalid_request', description))
    }
    const organization = given.get('organization') ?? undefined
    const reason = client && whyNotAllowed(state, client, { audience, organization })
    if (reason !== undefined) {
      return sendHtml(res, 403, errorPage(reason.error, reason.description))
    }
    // The parameters of a form become a query.
    req.method = 'GET'
    req.url = `${AUTHORIZE_PATH}?${toProvider(given, audience)}`
    return provider().callback()(req, res)
  }
}

function isRefusedFromStrict(name: string): boolean {
  return !ACCEPTED_FROM_STRICT.has(name) && !name.startsWith('ext-')
}

/**
 * Returns the log event of a registration by metadata document, which is a guess: Auth0 does not
 * document it.
 */
function selfRegistration(client: TenantClient, { socket, headers }: IncomingMessage): LogEvent {
  const { client_id, external_client_id } = client
  return {
    type: 'sapi',
    description: 'Dynamic client registration',
    client_id,
    client_name: client.name,
    ip: socket.remoteAddress,
    user_agent: headers['user-agent'],
    user_id: '',
    details: {
      request: { method: 'get', path: AUTHORIZE_PATH, body: {} },
      response: { statusCode: 201, body: { client_id, external_client_id } },
    },
  }
}

/**
 * Returns the requested API; undefined if none is set. The default audience applies to every request
 * without `audience`, so it takes precedence over `resource`, which only the compatibility profile reads.
 */
function audienceOf({ settings }: TenantState, given: URLSearchParams): string | undefined {
  const takesResource = settings.resource_parameter_profile === 'compatibility'
  const resource = takesResource ? given.get('resource') : null
  return given.get('audience') || settings.default_audience || resource || undefined
}

function toProvider(given: URLSearchParams, audience: string | undefined): URLSearchParams {
  const passed = new URLSearchParams([...given].filter(([name]) => PASSED_ON.has(name)))
  const scopes = (given.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  passed.set('scope', [...scopes, SIGN_IN].join(' '))
  if (audience !== undefined) passed.set('resource', audience)
  // oidc-provider refuses a nonce without openid; Auth0 does not.
  if (!scopes.includes('openid')) passed.delete('nonce')
  const prompts = (given.get('prompt') ?? '')
    .split(' ')
    .flatMap((prompt) => PROMPTS.get(prompt) ?? [])
  // oidc-provider requires the prompt consent for a refresh token (OIDC Core s11).
  if (!prompts.includes('none')) prompts.push('consent')
  passed.set('prompt', [...new Set(prompts)].join(' '))
  return passed
}
