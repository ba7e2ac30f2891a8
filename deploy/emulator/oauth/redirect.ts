import type { KoaContextWithOIDC } from 'oidc-provider'
import type { TenantClient, TenantState } from '../state.ts'
import { isStrict } from './access.ts'
import { errorPage } from './pages.ts'

/**
 * Returns errors and codes to the client with `state`, and with `iss` (RFC 9207) if the tenant's
 * setting is on. For a client with redirect protection an error, such as a decline, is shown on an
 * Auth0 page instead.
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
 * Redirect protection is the default of strict third-party clients; other clients ignore the setting.
 *
 * Source: Auth0's Management API, `redirection_policy`.
 */
function isProtected(client: TenantClient): boolean {
  const isThirdParty = client.is_first_party !== true
  return isThirdParty && isStrict(client) && client.redirection_policy !== 'allow_always'
}
