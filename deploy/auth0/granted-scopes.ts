import { decodeJwt } from 'jose'

/** A `fetch` that takes note of what scopes Auth0 has granted along with a Management API token. */
export interface WatchedFetch {
  readonly fetch: typeof fetch
  /** Undefined = no token yet, or nothing said of its scopes. */
  readonly grantedScopes: () => readonly string[] | undefined
}

/** The token itself is not kept. */
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

/** RFC 6749 s5.1 lets the answer name the scopes; Auth0's token, a JWT, names them as well. */
function scopesIn(answer: string): string[] | undefined {
  try {
    const { scope, access_token: token } = JSON.parse(answer)
    const named: unknown = scope ?? decodeJwt(token)['scope']
    return typeof named === 'string' ? named.split(' ').filter((one) => one !== '') : undefined
  } catch {
    return undefined
  }
}
