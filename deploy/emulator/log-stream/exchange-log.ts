import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { TenantLog } from './log-streams.ts'

const EXCHANGES: Readonly<Record<string, { success: string; fail: string; description: string }>> =
  {
    authorization_code: {
      success: 'seacft',
      fail: 'feacft',
      description: 'Authorization Code for Access Token',
    },
    refresh_token: {
      success: 'sertft',
      fail: 'ferrt',
      description: 'Refresh Token for Access Token',
    },
  }

/** Logs each exchange of a code or refresh token. Only these records show when a client was used. */
export function logExchanges(provider: Provider, log: TenantLog): void {
  const emit = ({ oidc, req }: KoaContextWithOIDC, outcome: 'success' | 'fail', fault?: string) => {
    const exchange = EXCHANGES[String(oidc.params?.['grant_type'])]
    if (exchange === undefined) return
    log.emit({
      type: exchange[outcome],
      description: fault ?? exchange.description,
      client_id: oidc.client?.clientId,
      client_name: oidc.client?.clientName,
      user_id: oidc.account?.accountId ?? oidc.entities.Account?.accountId ?? '',
      ip: req.socket.remoteAddress,
      user_agent: req.headers['user-agent'],
    })
  }
  provider.on('grant.success', (ctx) => emit(ctx, 'success'))
  provider.on('grant.error', (ctx, error) => emit(ctx, 'fail', error.error_description))
}
