import type { BackendAuthOf } from '../../../shared/catalogue/backend-auth.ts'
import type { Authority, BackendAuthOptions } from './authority.ts'
import { bearer, withoutToken } from './bearer-field.ts'
import { askForToken as askOverHttp } from './token-endpoint.ts'
import { createTokenStore } from './token-store.ts'

/**
 * Returns a function that obtains tokens with the client credentials grant (RFC 6749 s4.4). Tokens
 * are cached by token endpoint, client, scopes and audience, until 30 seconds before they expire.
 *
 * The function throws BackendAuthError.
 */
export function createClientCredentials({
  secrets,
  askForToken = askOverHttp,
  now,
}: Pick<BackendAuthOptions, 'secrets' | 'askForToken' | 'now'>) {
  const store = createTokenStore(now)
  return async (auth: BackendAuthOf<'client_credentials'>): Promise<Authority> => {
    const { tokenUrl: url, clientId, clientSecret, scopes, audience } = auth
    const key = JSON.stringify([url, clientId, scopes, audience])
    const request = {
      url,
      client: { clientId, clientSecret: secrets.named[clientSecret] ?? '' },
      authMethod: auth.tokenEndpointAuthMethod,
      form: {
        grant_type: 'client_credentials',
        scope: scopes.join(' ') || undefined,
        audience,
      },
    }
    const token = await store
      .take(key, () => askForToken(request))
      .catch((error: unknown) => withoutToken(error))
    return bearer(token, () => store.refused(key, token))
  }
}
