import type { ServerResponse } from 'node:http'
import { sendJson, TenantError } from '../../http.ts'
import type { TenantLog } from '../../log-stream/log-streams.ts'
import type { TenantApi, TenantClient, TenantState } from '../../state.ts'
import { findApi, userGrantOf } from '../access.ts'
import { findOrganization } from '../organizations.ts'
import { scopesHeld } from '../permissions.ts'
import { accessTokenLifetime } from './access-token.ts'
import {
  type Actor,
  actorOf,
  depthOf,
  type Subject,
  signToken,
  verifySubject,
} from './subject-token.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
/** The maximum number of `act` levels in a subject token; the exchange adds one. */
const MAX_DEPTH = 3

type Form = Readonly<Record<string, string | undefined>>

/**
 * Creates the handler of `POST /oauth/token` for an on-behalf-of exchange, as Auth0 documents it. The
 * client must be confidential, have the type `resource_server`, be linked to the API of the subject token,
 * be allowed to exchange tokens, and have a user grant for the requested API. Auth0 does not document the
 * `error` of 401 and 403, so these are guesses.
 *
 * @see https://auth0.com/docs/secure/call-apis-on-users-behalf/on-behalf-of-token-exchange
 */
export function createExchange(state: TenantState, log: TenantLog) {
  return async (form: Form, res: ServerResponse): Promise<void> => {
    const about = { client_id: form['client_id'], audience: form['audience'] }
    try {
      const { token, scope, asked, userId, api } = await exchange(state, form)
      log.emit({
        ...about,
        type: 'success_on_behalf_of_token_exchange',
        description: 'Successful Exchange via On-Behalf-Of Token Exchange',
        user_id: userId,
        scope,
      })
      sendJson(res, 200, {
        access_token: token,
        expires_in: accessTokenLifetime(state, api),
        token_type: 'Bearer',
        issued_token_type: ACCESS_TOKEN,
        ...(scope !== asked && { scope }),
      })
    } catch (error) {
      if (!(error instanceof TenantError)) throw error
      const { status, errorCode, message } = error
      const type = 'failed_on_behalf_of_token_exchange'
      log.emit({ ...about, type, description: message })
      sendJson(res, status, { error: errorCode, error_description: message })
    }
  }
}

async function exchange(state: TenantState, form: Form) {
  const client = authenticate(state, form)
  checkForm(form)
  const subject = await verifySubject(state, client, form['subject_token'] ?? '')
  if (depthOf(subject.act) > MAX_DEPTH) {
    const message = 'Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4'
    throw new TenantError(400, 'invalid_request', message)
  }
  checkOrganization(state, subject)
  const audience = form['audience'] ?? ''
  const api = findApi(state, audience)
  if (api === undefined || api.is_system === true) {
    throw new TenantError(403, 'access_denied', `Service not found: ${audience}`)
  }
  const asked = form['scope'] ?? ''
  const scope = scopesFor(state, { client, api, subject, asked }).join(' ')
  const act: Actor = { sub: client.client_id, act: actorOf(subject) }
  const token = await signToken(state, { api, client, subject, scope, act })
  return { token, scope, asked, userId: subject.sub, api }
}

/** Authenticates the client. @throws TenantError if it is unknown or may not exchange tokens. */
function authenticate({ clients }: TenantState, form: Form): TenantClient {
  const client = clients.get(form['client_id'] ?? '')
  const isPublic = client?.token_endpoint_auth_method === 'none'
  const isKnown =
    client?.client_secret !== undefined && client.client_secret === form['client_secret']
  if (client === undefined || (!isPublic && !isKnown)) {
    throw new TenantError(401, 'access_denied', 'Unauthorized')
  }
  const allowed = client.token_exchange?.allow_any_profile_of_type ?? []
  const isAllowed =
    client.app_type === 'resource_server' && allowed.includes('on_behalf_of_token_exchange')
  if (isPublic || !isAllowed) {
    const message = `Grant type '${TOKEN_EXCHANGE}' not allowed for the client.`
    throw new TenantError(403, 'unauthorized_client', message)
  }
  return client
}

function checkForm(form: Form): void {
  for (const name of ['subject_token', 'audience']) {
    if (!form[name]) throw badRequest(`Missing required parameter: ${name}`)
  }
  for (const name of ['subject_token_type', 'requested_token_type']) {
    if (form[name] !== ACCESS_TOKEN) throw badRequest(`${name} must be ${ACCESS_TOKEN}`)
  }
}

function badRequest(message: string): TenantError {
  return new TenantError(400, 'invalid_request', message)
}

function checkOrganization(state: TenantState, { org_id: id, sub }: Subject): void {
  if (id === undefined || findOrganization(state, id)?.members.has(sub) === true) return
  throw new TenantError(403, 'access_denied', 'The user is not a member of the organization')
}

/** Returns the requested scopes, or all scopes, that the API has, the grant allows and the user holds. */
function scopesFor(
  state: TenantState,
  {
    client,
    api,
    subject,
    asked,
  }: {
    readonly client: TenantClient
    readonly api: TenantApi
    readonly subject: Subject
    readonly asked: string
  },
): string[] {
  const grant = userGrantOf(state, client, api)
  const isDenied = api.subject_type_authorization.user?.policy === 'deny_all'
  if (grant === undefined || isDenied) {
    const message = `Client "${client.client_id}" is not authorized to access resource server "${api.identifier}".`
    throw new TenantError(403, 'unauthorized_client', message)
  }
  const wanted = asked === '' ? undefined : asked.split(' ')
  const held = scopesHeld(state, subject.sub, api)
  const scopes = api.scopes
    .map(({ value }) => value)
    .filter((scope) => grant.allow_all_scopes === true || grant.scope?.includes(scope))
    .filter((scope) => api.enforce_policies !== true || held.includes(scope))
    .filter((scope) => wanted?.includes(scope) ?? true)
  if (wanted !== undefined && scopes.length === 0) {
    const message = 'The user does not have the requested scopes for the target audience'
    throw new TenantError(403, 'access_denied', message)
  }
  return scopes
}
