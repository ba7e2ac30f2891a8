import { type RegistrationKind, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { securityModeOf } from './tenant-mode.ts'

/**
 * Whether third-party clients sign people in, for which a connection must be at domain level. A
 * permissive client is made a first-party one instead, and a connection at domain level would be open
 * to all of them. Clients of metadata documents are always strict.
 */
export function servesThirdParties(desired: DesiredState, snapshot: TenantSnapshot): boolean {
  if (desired.thirdPartyAccess === 'open' || desired.cimd !== undefined) return true
  const mode = desired.mode === 'strict' ? 'strict' : (securityModeOf(snapshot) ?? desired.mode)
  return mode !== 'permissive' || hasClient(desired, snapshot, ['imported', 'self_cimd'])
}

/** Whether log-webhook has work to do: clients to admit, or foreign ones to delete. */
export function needsLogStream({
  thirdPartyAccess,
  isCurated,
  deletesForeignClients,
}: DesiredState): boolean {
  return deletesForeignClients || (thirdPartyAccess === 'admitted' && !isCurated)
}

/**
 * Whether ChatGPT cannot connect without a log stream: false also when there is, or will be, a client
 * that an operator made or imported.
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
