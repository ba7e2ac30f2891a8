import { hash } from 'node:crypto'
import type { BackendAuthOf } from '../../../shared/catalogue/backend-auth.ts'
import { invalidToken } from '../../../shared/oauth/bearer.ts'
import type { Caller } from '../authenticator.ts'
import { type Authority, BackendAuthError, type BackendAuthOptions } from './authority.ts'
import { bearer, withoutToken } from './bearer-field.ts'
import type { ClientCredentials } from './secrets.ts'
import {
  type AskForToken,
  askForToken as askOverHttp,
  type IssuedToken,
  TokenError,
} from './token-endpoint.ts'
import { createTokenStore } from './token-store.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** Auth0 allows few exchanges a second: after a 429 none is tried for as long as it says. */
const MAX_PAUSE_SECONDS = 10

/** The subject token is at fault, so one from a new sign-in may do. */
const SIGN_IN_AGAIN: ReadonlySet<string> = new Set([
  ...['invalid_grant', 'invalid_token', 'login_required'],
])

/** What a user can do nothing about here, by the `error` of the refusal. */
const SENTENCES: ReadonlyMap<string, string> = new Map([
  [
    'consent_required',
    "The API of this tool wants your consent, for which this connection cannot ask. The tool's operator can allow it for you.",
  ],
  [
    'mfa_required',
    'The API of this tool wants another proof of who you are, for which this connection cannot ask.',
  ],
  [
    'interaction_required',
    'The API of this tool wants to ask you something, which this connection cannot do.',
  ],
  [
    'access_denied',
    'Your account may not use the API of this tool. An administrator can grant you access.',
  ],
  [
    'invalid_scope',
    'Your account lacks permissions at the API of this tool. An administrator can grant them.',
  ],
])

/**
 * Exchanges the user's token at its issuer (RFC 8693) for one of the backend's own audience, kept until
 * one of the two expires. The user's token goes to the issuer alone.
 *
 * The returned function throws BearerError where a new sign-in can help, else BackendAuthError.
 *
 * @see https://auth0.com/docs/secure/call-apis-on-users-behalf/on-behalf-of-token-exchange
 */
export function createExchange({
  secrets,
  issuer,
  askForToken = askOverHttp,
  now = () => Date.now() / 1000,
}: Pick<BackendAuthOptions, 'secrets' | 'issuer' | 'askForToken' | 'now'>) {
  const store = createTokenStore(now)
  const ask = withPauses(askForToken, now)
  const url = new URL('oauth/token', issuer).href
  return async (
    auth: BackendAuthOf<'on_behalf_of'>,
    caller: Caller | undefined,
  ): Promise<Authority> => {
    const { exchange: client } = secrets
    const subjectToken = caller?.accessToken
    if (client === undefined || caller === undefined || subjectToken === undefined) {
      throw new Error('no token to exchange')
    }
    const { audience, scopes } = auth
    const key = hash('sha256', JSON.stringify([subjectToken, audience, scopes]), 'base64')
    const fetch = () => exchange(ask, { url, client, subjectToken, audience, scopes })
    const token = await store
      .take(key, fetch, caller.expiresAt)
      .catch((error: unknown) => refuse(error))
    return bearer(token, () => store.refused(key, token))
  }
}

interface Exchange {
  readonly url: string
  readonly client: ClientCredentials
  readonly subjectToken: string
  readonly audience: string
  readonly scopes: readonly string[]
}

async function exchange(
  ask: AskForToken,
  { url, client, subjectToken, audience, scopes }: Exchange,
): Promise<IssuedToken> {
  const form = {
    grant_type: GRANT_TYPE,
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    audience,
    scope: scopes.join(' ') || undefined,
  }
  const issued = await ask({ url, client, authMethod: 'client_secret_post', form })
  // An endpoint that gives it back would have it sent to the backend.
  if (issued.accessToken === subjectToken) throw new TokenError('fault', 'subject_token')
  return issued
}

function withPauses(ask: AskForToken, now: () => number): AskForToken {
  let until = 0
  return async (request) => {
    const left = Math.ceil(until - now())
    if (left > 0) throw new TokenError('unavailable', 'status_429', left)
    try {
      return await ask(request)
    } catch (error) {
      if (error instanceof TokenError && error.code === 'status_429') {
        until = now() + Math.min(error.retryAfter ?? 1, MAX_PAUSE_SECONDS)
      }
      throw error
    }
  }
}

/** @throws BearerError or BackendAuthError in place of a TokenError. */
function refuse(error: unknown): never {
  if (error instanceof TokenError && error.kind === 'refused') {
    const reason = `exchange_${error.code}`
    if (SIGN_IN_AGAIN.has(error.code)) {
      throw invalidToken(reason, 'The sign-in no longer holds for this tool. Sign in again.')
    }
    const sentence = SENTENCES.get(error.code)
    if (sentence !== undefined) throw new BackendAuthError(reason, 403, sentence)
  }
  return withoutToken(error)
}
