import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import { showClientName } from '../../auth0/client-name.ts'
import { asDynamicClient, type DynamicClient } from '../../auth0/clients/dynamic-client.ts'
import type { TenantObservation } from '../observe/tenant.ts'

const MAX_NAME_CHARACTERS = 80
const MAX_NAMED = 5

/** The properties of a client that determine its access. */
export type AccessClient = Pick<DynamicClient, 'clientId' | 'mode' | 'isPromoted'>

/** Returns the clients that registered themselves; empty if the clients could not be read. */
export function dynamicClients({ config, clients }: TenantObservation): readonly DynamicClient[] {
  if ('failure' in clients) return []
  const { mayRedirectTo } = config.provision
  return clients.value.flatMap((client) => asDynamicClient(client, mayRedirectTo) ?? [])
}

/**
 * Returns why an admitted client cannot sign users in and access the API, apart from tenant settings;
 * empty if it can.
 */
export function whyNotAdmitted(observed: TenantObservation, client: DynamicClient): string[] {
  const reasons = missingAccess(observed, client)
  return reasons.length === 0 ? [] : [`${describeClient(client)}: ${reasons.join(', ')}`]
}

/** Whether a client can sign users in and get a token for the API. */
export function hasAccess(observed: TenantObservation, client: AccessClient): boolean {
  if (userPolicy(observed) === 'deny_all') return false
  const canSignIn = (!client.isPromoted && isShared(observed)) || isEnabledFor(observed, client)
  return canSignIn && (!needsGrant(observed, client) || hasGrant(observed, client))
}

/** Whether a permissive client stayed a third-party client, and works by a client grant. */
export function isServedByGrant(observed: TenantObservation, client: DynamicClient): boolean {
  return client.mode === 'permissive' && !client.isPromoted && hasOwnGrant(observed, client)
}

/** Whether a login connection is at domain level, where every third-party client may use it. */
export function isShared({ snapshot }: TenantObservation): boolean {
  return snapshot.connections.some(
    ({ state }) => 'value' in state && state.value?.isDomainConnection === true,
  )
}

/** Returns the API's user access policy; `allow_all` is Auth0's default. */
export function userPolicy({ snapshot: { api } }: TenantObservation): string {
  const authorization = 'value' in api ? api.value?.subject_type_authorization : undefined
  return authorization?.user?.policy ?? 'allow_all'
}

/** Returns whether only some of its redirect URIs match. */
export function isPartlyCovered(client: Auth0.Client, mayRedirectTo: RedirectUriPolicy): boolean {
  const { callbacks = [] } = client
  const covered = callbacks.filter((uri) => mayRedirectTo([uri]))
  return covered.length > 0 && covered.length < callbacks.length
}

/** The name, id and redirect URIs of a client. */
export function describeClient({
  name,
  clientId,
  redirectUris,
}: Pick<DynamicClient, 'name' | 'clientId' | 'redirectUris'>): string {
  const printed = showClientName(name.slice(0, MAX_NAME_CHARACTERS)) || 'unnamed'
  return `${printed} (${clientId}), to ${redirectUris.join(' ')}`.slice(0, 300)
}

/** Returns the first lines, and the number of further ones. */
export function firstLines(lines: readonly string[]): string {
  const rest = lines.length - MAX_NAMED
  return `${lines.slice(0, MAX_NAMED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

/** Excludes an unshared connection, which has a separate check for strict clients. */
function missingAccess(observed: TenantObservation, client: DynamicClient): string[] {
  const { enabledClients, grants } = observed
  const isGrantMissing =
    'value' in grants && needsGrant(observed, client) && !hasGrant(observed, client)
  const grant = isGrantMissing ? ['no client grant for the API'] : []
  if (client.mode === 'strict') return grant
  if (!client.isPromoted) {
    const canSignIn = isShared(observed) || isEnabledFor(observed, client)
    return grant.length > 0 || !canSignIn ? ['still a third-party client', ...grant] : []
  }
  if ('failure' in enabledClients || enabledClients.value.size === 0) return grant
  return isEnabledFor(observed, client)
    ? grant
    : ['no login connection is enabled for it', ...grant]
}

function isEnabledFor({ enabledClients }: TenantObservation, { clientId }: AccessClient): boolean {
  return (
    'value' in enabledClients && [...enabledClients.value.values()].some((ids) => ids.has(clientId))
  )
}

/** Strict clients need a grant for every API; others follow its policy. */
export function needsGrant(observed: TenantObservation, { mode }: AccessClient): boolean {
  return mode === 'strict' || userPolicy(observed) === 'require_client_grant'
}

/** The default grant is for third-party clients. */
export function hasGrant(observed: TenantObservation, client: AccessClient): boolean {
  if (hasOwnGrant(observed, client)) return true
  return !client.isPromoted && defaultGrants(observed).length > 0
}

/** Returns the default grants of third-party clients for the API. */
export function defaultGrants({
  grants,
}: TenantObservation): readonly Auth0.ClientGrantResponseContent[] {
  if ('failure' in grants) return []
  return grants.value.filter(
    (grant) => grant.subject_type !== 'client' && grant.default_for === 'third_party_clients',
  )
}

function hasOwnGrant({ grants }: TenantObservation, { clientId }: AccessClient): boolean {
  if ('failure' in grants) return false
  return grants.value.some(
    (grant) => grant.subject_type !== 'client' && grant.client_id === clientId,
  )
}
