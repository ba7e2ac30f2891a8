import { type RegistrationKind, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { securityModeOf } from './tenant-mode.ts'

/**
 * Returns whether third-party clients sign users in, which requires a connection at domain level.
 * Permissive clients are promoted to first-party clients instead, because a domain-level connection
 * would be open to all of them. Clients with metadata documents are always strict.
 */
export function servesThirdParties(desired: DesiredState, snapshot: TenantSnapshot): boolean {
  if (desired.thirdPartyAccess === 'open' || desired.cimd !== undefined) return true
  const mode = desired.mode === 'strict' ? 'strict' : (securityModeOf(snapshot) ?? desired.mode)
  return mode !== 'permissive' || hasClient(desired, snapshot, ['imported', 'self_cimd'])
}

/** Returns whether log-webhook must receive registrations: to admit clients or to delete foreign ones. */
export function needsLogStream({
  thirdPartyAccess,
  isCurated,
  deletesForeignClients,
}: DesiredState): boolean {
  return deletesForeignClients || (thirdPartyAccess === 'admitted' && !isCurated)
}

/**
 * Returns whether ChatGPT needs the log stream to connect. False if an operator has created or imported
 * a client, or this run does.
 */
export function dependsOnLogStream(desired: DesiredState, snapshot: TenantSnapshot): boolean {
  const { predefinedClient: predefined } = snapshot
  const hasOwn =
    desired.predefined !== undefined ||
    ('value' in predefined && predefined.value !== undefined) ||
    desired.cimd !== undefined ||
    hasClient(desired, snapshot, ['imported'])
  return needsLogStream(desired) && !hasOwn
}

function hasClient(
  { mayRedirectTo }: DesiredState,
  { clients }: TenantSnapshot,
  kinds: readonly RegistrationKind[],
): boolean {
  if ('failure' in clients) return false
  return clients.value.some(
    (client) => kinds.includes(registrationKind(client)) && mayRedirectTo(client.callbacks ?? []),
  )
}
