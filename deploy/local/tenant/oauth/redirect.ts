import type { KoaContextWithOIDC } from 'oidc-provider'
import type { TenantState } from '../state.ts'
import { errorPage } from './pages.ts'

/**
 * Auth0 sends no `iss` back (RFC 9207) unless told to, and shows a strict client's errors on a page
 * of its own (`open_redirect_protection`).
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
    if (error !== null && client?.redirection_policy === 'open_redirect_protection') {
      ctx.response.remove('location')
      ctx.status = 403
      ctx.type = 'html'
      ctx.body = errorPage(error, params.get('error_description') ?? '')
      return
    }
    if (state.settings.authorization_response_iss_parameter_supported !== true) {
      params.delete('iss')
    }
    url[part] = params.toString()
    ctx.response.set('location', url.href)
  }
}
