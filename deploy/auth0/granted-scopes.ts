import { decodeJwt } from 'jose'

/** A `fetch` that records the scopes that Auth0 grants with a Management API token. */
export interface WatchedFetch {
  readonly fetch: typeof fetch
  /** Undefined = no token yet, or the token response does not state the scopes. */
  readonly grantedScopes: () => readonly string[] | undefined
}

/** Wraps `send`. Does not keep the token itself. */
export function watchGrantedScopes(send: typeof fetch = fetch): WatchedFetch {
  let granted: readonly string[] | undefined
  return {
    fetch: async (input, init) => {
      const response = await send(input, init)
      const url = new URL(input instanceof Request ? input.url : input)
      if (response.ok && url.pathname === '/oauth/token') {
        granted = scopesIn(await response.clone().text())
      }
      return response
    },
    grantedScopes: () => granted,
  }
}

/** The response may state the scopes (RFC 6749 s5.1); Auth0's token, a JWT, contains them as well. */
function scopesIn(answer: string): string[] | undefined {
  try {
    const { scope, access_token: token } = JSON.parse(answer)
    const named: unknown = scope ?? decodeJwt(token)['scope']
    return typeof named === 'string' ? named.split(' ').filter((one) => one !== '') : undefined
  } catch {
    return undefined
  }
}
