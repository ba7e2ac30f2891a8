import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import { readText } from './http.ts'
import { consentPage, errorPage, loginPage } from './pages.ts'
import { grantRequest, INTERACTION_PATH } from './provider.ts'
import { type TenantClient, type TenantState, whyNotAllowed } from './state.ts'

export interface SignInOptions {
  readonly state: TenantState
  readonly provider: () => Provider
  /** Called when a person has typed the right password. */
  readonly onSignedIn: (client: TenantClient, userId: string) => void
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>

interface Page {
  readonly status: number
  readonly html: string
}

/** The pages under `/u/`: sign-in and consent, plain forms without scripts. */
export function createSignIn({ state, provider, onSignedIn }: SignInOptions) {
  const show = (details: Details, client: TenantClient): Page => {
    const action = `${INTERACTION_PATH}${details.uid}`
    const name = client.name ?? client.client_id
    if (details.prompt.name === 'login') return { status: 200, html: loginPage(action, name) }
    const asked = String(details.params['scope'] ?? '').split(' ')
    const words = state.scopes
      .filter(({ value }) => asked.includes(value))
      .map(({ value, description }) => (description === '' ? value : `${description} (${value})`))
    return { status: 200, html: consentPage(action, name, words) }
  }

  /** What the interaction ends with, or the page on which it stays. */
  const submit = async (
    step: string,
    form: URLSearchParams,
    details: Details,
    client: TenantClient,
  ): Promise<Page | Parameters<Provider['interactionFinished']>[2]> => {
    if (step === 'login' && details.prompt.name === 'login') {
      const user = state.users.find(
        ({ email, password }) =>
          email === form.get('username')?.trim().toLowerCase() && password === form.get('password'),
      )
      if (user === undefined) {
        const action = `${INTERACTION_PATH}${details.uid}`
        const html = loginPage(action, client.name ?? client.client_id, 'Wrong email or password')
        return { status: 400, html }
      }
      onSignedIn(client, user.userId)
      return { login: { accountId: user.userId } }
    }
    if (step !== 'consent' || details.prompt.name !== 'consent') return show(details, client)
    if (form.get('action') === 'deny') {
      return { error: 'access_denied', error_description: 'User did not authorize the request' }
    }
    const grant = await grantRequest(provider(), state, {
      clientId: client.client_id,
      accountId: details.session?.accountId ?? '',
      scope: String(details.params['scope'] ?? ''),
    })
    return { consent: { grantId: grant.jti } }
  }

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      const details = await provider().interactionDetails(req, res)
      const client = state.clients.get(String(details.params['client_id']))
      if (client === undefined) return send(res, refusal('Unknown client'))
      const reason = whyNotAllowed(state, client)
      if (reason !== undefined) return send(res, refusal(reason))
      if (req.method !== 'POST') return send(res, show(details, client))
      const step = /\/([a-z]+)$/.exec(req.url ?? '')?.[1] ?? ''
      const result = await submit(step, new URLSearchParams(await readText(req)), details, client)
      if ('html' in result) return send(res, result as Page)
      await provider().interactionFinished(req, res, result, { mergeWithLastSubmission: true })
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error
      send(res, { status: 400, html: errorPage(error.error, error.error_description ?? '') })
    }
  }
}

function refusal(reason: string): Page {
  return { status: 403, html: errorPage('unauthorized_client', reason) }
}

function send(res: ServerResponse, { status, html }: Page): void {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
  })
  res.end(html)
}
