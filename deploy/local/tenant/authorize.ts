import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { clientIdOf, isStrict, whyNotAllowed } from './access.ts'
import { SIGN_IN } from './grant.ts'
import { readText, sendHtml } from './http.ts'
import { errorPage } from './pages.ts'
import type { TenantState } from './state.ts'

export const AUTHORIZE_PATH = '/authorize'

/** Parameters that Auth0 refuses of strict third-party clients. */
const REFUSED_OF_STRICT = ['id_token_hint', 'claims', 'request', 'request_uri', 'screen_hint']
/** What is passed on; Auth0 knows more, and ignores what it does not know. */
const PASSED_ON = new Set([
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'state'],
  ...['code_challenge', 'code_challenge_method', 'prompt', 'login_hint', 'nonce'],
])
/** What comes of each prompt that Auth0 knows; it ignores others. */
const PROMPTS: ReadonlyMap<string, string> = new Map([
  ['none', 'none'],
  ['login', 'login'],
  ['consent', 'consent'],
  // There is one account to a browser here: another one has to sign in.
  ['select_account', 'login'],
])

export interface AuthorizeOptions {
  readonly state: TenantState
  readonly provider: () => Provider
}

/**
 * `/authorize`: what Auth0 checks before anybody signs in, on a page of its own when it fails; then
 * hands over to oidc-provider, the API named as `resource`.
 */
export function createAuthorize({ state, provider }: AuthorizeOptions) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const query = new URL(req.url ?? '', state.issuer).searchParams
    const given = req.method === 'POST' ? new URLSearchParams(await readText(req)) : query
    const audience = audienceOf(state, given)
    given.set('client_id', clientIdOf(state, given.get('client_id') ?? ''))
    const client = state.clients.get(given.get('client_id') ?? '')
    const refused = REFUSED_OF_STRICT.filter((name) => given.has(name))
    if (client !== undefined && isStrict(client) && refused.length > 0) {
      const description = `Unsupported parameter: ${refused.join(', ')}`
      return sendHtml(res, 400, errorPage('invalid_request', description))
    }
    const reason = client && whyNotAllowed(state, client, audience)
    if (reason !== undefined) {
      return sendHtml(res, 403, errorPage(reason.error, reason.description))
    }
    // A form sent here carries no more than a query could.
    req.method = 'GET'
    req.url = `${AUTHORIZE_PATH}?${toProvider(given, audience)}`
    return provider().callback()(req, res)
  }
}

/** In the compatibility profile `audience` wins over `resource`; undefined when no API is named. */
function audienceOf({ settings }: TenantState, given: URLSearchParams): string | undefined {
  const takesResource = settings.resource_parameter_profile === 'compatibility'
  const resource = takesResource ? given.get('resource') : null
  return given.get('audience') || resource || settings.default_audience || undefined
}

function toProvider(given: URLSearchParams, audience: string | undefined): URLSearchParams {
  const passed = new URLSearchParams([...given].filter(([name]) => PASSED_ON.has(name)))
  const scopes = (given.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  passed.set('scope', [...scopes, SIGN_IN].join(' '))
  if (audience !== undefined) passed.set('resource', audience)
  // oidc-provider takes these for faults; Auth0 does not.
  if (!scopes.includes('openid')) passed.delete('nonce')
  const prompts = (given.get('prompt') ?? '')
    .split(' ')
    .flatMap((prompt) => PROMPTS.get(prompt) ?? [])
  // oidc-provider gives no refresh token without it (OIDC Core s11).
  if (!prompts.includes('none')) prompts.push('consent')
  passed.set('prompt', [...new Set(prompts)].join(' '))
  return passed
}
