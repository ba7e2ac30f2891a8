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

/**
 * Auth0 allows few exchanges per second. After a 429, none is attempted for as long as Retry-After
 * says, but at most this long.
 */
const MAX_PAUSE_SECONDS = 10

/** The `error` codes that reject the subject token. A token from a new sign-in may be accepted. */
const SIGN_IN_ERRORS: ReadonlySet<string> = new Set([
  ...['invalid_grant', 'invalid_token', 'login_required'],
])

/** The messages for the user, by `error` code, if a new sign-in would not help. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  [
    'consent_required',
    'The API of this tool requires your consent, which this connection cannot request. The operator of the tool can grant it for you.',
  ],
  [
    'mfa_required',
    'The API of this tool requires multi-factor authentication, which this connection cannot request.',
  ],
  [
    'interaction_required',
    'The API of this tool requires a step from you that this connection cannot request.',
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
 * Returns a function that exchanges the user's token at its issuer (RFC 8693) for one with the
 * audience of the backend. The new token is cached until one of the two expires. The user's token
 * is sent only to the issuer.
 *
 * The function throws BearerError if a new sign-in can help, otherwise BackendAuthError.
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
  const ask = pausingAfter429(askForToken, now)
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
      .catch((error: unknown) => throwRefusal(error))
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
  // If the endpoint returned the subject token, the backend would receive it.
  if (issued.accessToken === subjectToken) throw new TokenError('fault', 'subject_token')
  return issued
}

function pausingAfter429(ask: AskForToken, now: () => number): AskForToken {
  let pausedUntil = 0
  return async (request) => {
    const secondsLeft = Math.ceil(pausedUntil - now())
    if (secondsLeft > 0) throw new TokenError('unavailable', 'status_429', secondsLeft)
    try {
      return await ask(request)
    } catch (error) {
      if (error instanceof TokenError && error.code === 'status_429') {
        pausedUntil = now() + Math.min(error.retryAfter ?? 1, MAX_PAUSE_SECONDS)
      }
      throw error
    }
  }
}

/**
 * Throws a BearerError or BackendAuthError in place of a TokenError, and any other error unchanged.
 */
function throwRefusal(error: unknown): never {
  if (error instanceof TokenError && error.kind === 'refused') {
    const reason = `exchange_${error.code}`
    if (SIGN_IN_ERRORS.has(error.code)) {
      throw invalidToken(reason, 'Your sign-in is no longer valid for this tool. Sign in again.')
    }
    const message = MESSAGES.get(error.code)
    if (message !== undefined) throw new BackendAuthError(reason, 403, message)
  }
  return withoutToken(error)
}
