import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import { readText, sendHtml } from '../http.ts'
import type { LogEvent } from '../log-stream/log-delivery.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantClient, TenantState, TenantUser } from '../state.ts'
import { findApi, grantableScopes } from './access.ts'
import { audienceIn, grantRequest, organizationIn } from './grant.ts'
import { consentPage, errorPage, loginPage, type Page } from './pages.ts'
import { INTERACTION_PATH } from './provider.ts'

export interface SignInOptions {
  readonly state: TenantState
  readonly provider: () => Provider
  readonly log: TenantLog
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>
type Result = Parameters<Provider['interactionFinished']>[2]

/** An interaction in progress. */
interface Step {
  readonly details: Details
  readonly client: TenantClient
}

/** Creates the handler of the pages under `/u/`: sign-in and consent, plain forms without scripts. */
export function createSignIn({ state, provider, log }: SignInOptions) {
  const show = ({ details, client }: Step, fault?: string): Page => {
    const action = `${INTERACTION_PATH}${details.uid}`
    const name = client.name || client.client_id
    if (details.prompt.name === 'login') return loginPage(action, name, fault)
    const user = state.users.find(({ userId }) => userId === details.session?.accountId)
    return consentPage(action, name, user?.email ?? '', shownScopes(state, client, details))
  }

  /** Returns the result of the interaction; undefined for wrong credentials. */
  const submit = async (
    form: URLSearchParams,
    { details, client }: Step,
  ): Promise<Result | undefined> => {
    if (details.prompt.name === 'login') {
      const user = findUser(state, form)
      log.emit(signInEvent(client, user))
      return user && { login: { accountId: user.userId } }
    }
    if (form.get('action') === 'deny') {
      return { error: 'access_denied', error_description: 'User did not authorize the request' }
    }
    const grant = await grantRequest(provider(), state, {
      clientId: client.client_id,
      accountId: details.session?.accountId ?? '',
      scope: String(details.params['scope'] ?? ''),
      audience: audienceIn(details.params),
      organization: organizationIn(details.params),
    })
    return { consent: { grantId: grant.jti } }
  }

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      const details = await provider().interactionDetails(req, res)
      const client = state.clients.get(String(details.params['client_id']))
      if (client === undefined) throw new errors.InvalidClient('Unknown client')
      const step = { details, client }
      // A form of an earlier step, from the browser's history, is answered with the current page.
      const isCurrent = req.method === 'POST' && req.url?.endsWith(`/${details.prompt.name}`)
      if (!isCurrent) return await sendHtml(res, 200, show(step))
      const result = await submit(new URLSearchParams(await readText(req)), step)
      if (result === undefined) {
        return await sendHtml(res, 400, show(step, 'Wrong email or password'))
      }
      await provider().interactionFinished(req, res, result, { mergeWithLastSubmission: true })
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error
      await sendHtml(res, 400, errorPage(error.error, error.error_description ?? ''))
    }
  }
}

function signInEvent({ client_id, name }: TenantClient, user: TenantUser | undefined): LogEvent {
  const about = { client_id, client_name: name, user_id: user?.userId ?? '' }
  return user === undefined
    ? { type: 'fp', description: 'Wrong email or password.', ...about }
    : { type: 's', description: 'Success Login', ...about }
}

function findUser({ users }: TenantState, form: URLSearchParams) {
  const username = form.get('username')?.trim().toLowerCase()
  return users.find(
    ({ email, password }) => email.toLowerCase() === username && password === form.get('password'),
  )
}

/**
 * Returns the requested scopes of the API that the client may get, as descriptions if the setting is on.
 */
function shownScopes(state: TenantState, client: TenantClient, { params }: Details): string[] {
  const asked = String(params['scope'] ?? '').split(' ')
  const api = findApi(state, audienceIn(params))
  const grantable = grantableScopes(state, client, api)
  const showsDescriptions = state.settings.flags.use_scope_descriptions_for_consent === true
  return (api?.scopes ?? [])
    .filter(({ value }) => asked.includes(value) && grantable.includes(value))
    .map(({ value, description = '' }) => (showsDescriptions && description) || value)
}
