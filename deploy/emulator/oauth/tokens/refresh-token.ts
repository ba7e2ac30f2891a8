import type { AdapterPayload, Client, KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import type { TenantClient, TenantState } from '../../state.ts'

type Settings = NonNullable<TenantClient['refresh_token']>

const DAY_SECONDS = 86_400
/** The lifetime in the emulator of tokens that never expire in Auth0: ten years. */
const UNLIMITED_SECONDS = 3_650 * DAY_SECONDS

/**
 * Returns the `refresh_token` settings of a new client. As observed in Auth0, the refresh tokens of
 * first-party and permissive clients neither rotate nor expire by default. Those of strict clients expire,
 * and rotate if the client is public. Their lifetimes are Auth0's defaults for expiring tokens.
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

/** Returns whether each exchange returns a new refresh token and invalidates the previous one. */
export function isRotating({ clients }: TenantState, client: Client | undefined): boolean {
  return clients.get(client?.clientId ?? '')?.refresh_token?.rotation_type === 'rotating'
}

/**
 * Returns whether a used refresh token may be exchanged again: within the client's `leeway` after its first
 * use, and only if it is the predecessor of the newest token of its family. Any other reuse revokes the
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

/**
 * Returns the lifetime of a new refresh token in seconds: the shorter of its idle lifetime and the rest
 * of the family's.
 */
export function refreshTokenLifetime(
  { clients, traits }: TenantState,
  { clientId = '', iiat }: RefreshToken,
): number {
  if (traits.tokenLifetimes.refresh !== null) return traits.tokenLifetimes.refresh
  const settings = clients.get(clientId)?.refresh_token
  if (settings === undefined || settings === null || settings.expiration_type === 'non-expiring')
    return UNLIMITED_SECONDS
  const age = iiat === undefined ? 0 : Math.floor(Date.now() / 1_000) - iiat
  const end = settings.infinite_token_lifetime ? undefined : settings.token_lifetime
  const idle = settings.infinite_idle_token_lifetime ? undefined : settings.idle_token_lifetime
  const left = (end ?? UNLIMITED_SECONDS) - age
  return Math.max(1, Math.min(left, idle ?? UNLIMITED_SECONDS))
}

/** Removes a refresh token from the response if it does not rotate, because it has not changed. */
export function withholdUnchanged(state: TenantState, { oidc, body }: KoaContextWithOIDC): void {
  const isRefresh = oidc.params?.['grant_type'] === 'refresh_token'
  if (isRefresh && !isRotating(state, oidc.client)) {
    delete (body as { refresh_token?: string }).refresh_token
  }
}
