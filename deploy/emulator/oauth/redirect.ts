import type { KoaContextWithOIDC } from 'oidc-provider'
import type { TenantClient, TenantState } from '../state.ts'
import { isStrict } from './access.ts'
import { errorPage } from './pages.ts'

/**
 * Returns middleware that changes redirects to the client as Auth0 does. It keeps `iss` (RFC 9207) only if
 * the tenant's setting is on. For a client with redirect protection, it shows errors, such as a declined
 * consent, on a page instead.
 */
export function redirectAsAuth0(state: TenantState) {
  const { issuer, clients } = state
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const location = ctx.response.get('location')
    if (!URL.canParse(location) || location.startsWith(issuer)) return
    const url = new URL(location)
    const part = url.hash === '' ? 'search' : 'hash'
    const params = new URLSearchParams(url[part].slice(1))
    const client = clients.get(ctx.oidc?.client?.clientId ?? '')
    const error = params.get('error')
    if (error !== null && client !== undefined && isProtected(client)) {
      ctx.response.remove('location')
      ctx.status = 403
      ctx.type = 'html'
      ctx.body = String(await errorPage(error, params.get('error_description') ?? ''))
      return
    }
    if (state.settings.authorization_response_iss_parameter_supported !== true) {
      params.delete('iss')
    }
    url[part] = params.toString()
    ctx.response.set('location', url.href)
  }
}

/**
 * Returns whether a client has redirect protection, the default of strict third-party clients. Other
 * clients ignore the setting.
 *
 * Source: Auth0's Management API, `redirection_policy`.
 */
function isProtected(client: TenantClient): boolean {
  const isThirdParty = client.is_first_party !== true
  return isThirdParty && isStrict(client) && client.redirection_policy !== 'allow_always'
}
