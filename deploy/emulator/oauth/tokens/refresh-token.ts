import type { AdapterPayload, Client, KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import type { TenantClient, TenantState } from '../../state.ts'

type Settings = NonNullable<TenantClient['refresh_token']>

const DAY_SECONDS = 86_400
/** What has no end at Auth0 ends here when nobody can be waiting for it any more. */
const FOR_EVER_SECONDS = 3_650 * DAY_SECONDS

/**
 * The `refresh_token` object of a new client. First-party and permissive clients get one token for
 * ever unless told otherwise, as recorded of Auth0; those of strict clients expire, and rotate where
 * the client is public. The lifetimes of the latter are Auth0's defaults for expiring tokens.
 */
export function newRefreshToken(isStrict: boolean, isPublic: boolean): Settings {
  if (!isStrict) {
    return {
      rotation_type: 'non-rotating',
      expiration_type: 'non-expiring',
      leeway: 0,
      token_lifetime: 31_557_600,
      infinite_token_lifetime: true,
      idle_token_lifetime: 2_592_000,
      infinite_idle_token_lifetime: true,
    }
  }
  return {
    rotation_type: isPublic ? 'rotating' : 'non-rotating',
    expiration_type: 'expiring',
    leeway: 0,
    token_lifetime: 30 * DAY_SECONDS,
    infinite_token_lifetime: false,
    idle_token_lifetime: 15 * DAY_SECONDS,
    infinite_idle_token_lifetime: false,
  }
}

/** Whether each exchange gives the client a new refresh token and ends the one before. */
export function isRotating({ clients }: TenantState, client: Client | undefined): boolean {
  return clients.get(client?.clientId ?? '')?.refresh_token?.rotation_type === 'rotating'
}

/**
 * Whether a used refresh token may be exchanged again: within the client's `leeway` after its first
 * use, and only while it is the one before the newest of its family. Any other use of it ends the
 * family.
 *
 * Source: Auth0, Configure Refresh Token Rotation.
 */
export function isInLeeway(
  { clients }: TenantState,
  { clientId = '', consumed, rotations = 0 }: AdapterPayload,
  family: readonly AdapterPayload[],
): boolean {
  const leeway = clients.get(clientId)?.refresh_token?.leeway ?? 0
  const isRecent = typeof consumed === 'number' && Date.now() / 1_000 - consumed < leeway
  return isRecent && family.every((one) => (one.rotations ?? 0) <= rotations + 1)
}

/** Seconds that a new refresh token is good for: until it is idle too long, or its family ends. */
export function refreshTokenLifetime(
  { clients, traits }: TenantState,
  { clientId = '', iiat }: RefreshToken,
): number {
  if (traits.tokenLifetimes.refresh !== null) return traits.tokenLifetimes.refresh
  const settings = clients.get(clientId)?.refresh_token
  if (settings === undefined || settings === null || settings.expiration_type === 'non-expiring')
    return FOR_EVER_SECONDS
  const age = iiat === undefined ? 0 : Math.floor(Date.now() / 1_000) - iiat
  const end = settings.infinite_token_lifetime ? undefined : settings.token_lifetime
  const idle = settings.infinite_idle_token_lifetime ? undefined : settings.idle_token_lifetime
  const left = (end ?? FOR_EVER_SECONDS) - age
  return Math.max(1, Math.min(left, idle ?? FOR_EVER_SECONDS))
}

/** A token that does not rotate is not sent again. */
export function withholdUnchanged(state: TenantState, { oidc, body }: KoaContextWithOIDC): void {
  const isRefresh = oidc.params?.['grant_type'] === 'refresh_token'
  if (isRefresh && !isRotating(state, oidc.client)) {
    delete (body as { refresh_token?: string }).refresh_token
  }
}
