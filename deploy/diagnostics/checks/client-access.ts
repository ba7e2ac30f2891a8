import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import { showClientName } from '../../auth0/client-name.ts'
import type { DynamicClient } from '../../auth0/clients/dynamic-client.ts'
import type { Inside } from '../observe/tenant.ts'

const MAX_NAME_CHARACTERS = 80

/** Which client, told apart by what counts for access. */
export type Who = Pick<DynamicClient, 'clientId' | 'mode' | 'isPromoted'>

/**
 * What keeps an admitted client from signing people in and getting the API, beside the settings of the
 * tenant; nothing when it can.
 */
export function whyStuck(seen: Inside, client: DynamicClient): string[] {
  const reasons = lacks(seen, client)
  return reasons.length === 0 ? [] : [`${describeClient(client)}: ${reasons.join(', ')}`]
}

/** Whether a client can sign people in and get a token for the API. */
export function mayGetIn(seen: Inside, client: Who): boolean {
  const policy = userPolicy(seen)
  if (policy === 'deny_all') return false
  const canSignIn = (!client.isPromoted && isShared(seen)) || isOnFor(seen, client)
  return canSignIn && (!needsGrant(seen, client) || hasGrant(seen, client))
}

/** Whether a permissive client stayed a third-party client, and works by a client grant. */
export function isServedByGrant(seen: Inside, client: DynamicClient): boolean {
  return client.mode === 'permissive' && !client.isPromoted && hasOwnGrant(seen, client)
}

/** Whether some login connection is at domain level, which every third-party client may use. */
export function isShared({ snapshot }: Inside): boolean {
  return snapshot.connections.some(
    ({ state }) => 'value' in state && state.value?.isDomainConnection === true,
  )
}

/** Who gets user tokens for the API; `allow_all` is Auth0's default. */
export function userPolicy({ snapshot: { api } }: Inside): string {
  const authorization = 'value' in api ? api.value?.subject_type_authorization : undefined
  return authorization?.user?.policy ?? 'allow_all'
}

/** Some of its redirect URIs are covered, and others are not. */
export function isWidened(client: Auth0.Client, mayRedirectTo: RedirectUriPolicy): boolean {
  const { callbacks = [] } = client
  const covered = callbacks.filter((uri) => mayRedirectTo([uri]))
  return covered.length > 0 && covered.length < callbacks.length
}

/** The name, id and redirect URIs of a client. */
export function describeClient({ name, clientId, redirectUris }: DynamicClient): string {
  const shown = showClientName(name.slice(0, MAX_NAME_CHARACTERS)) || 'unnamed'
  return `${shown} (${clientId}), to ${redirectUris.join(' ')}`.slice(0, 300)
}

/** A connection that is not shared is a finding of its own where strict clients need it. */
function lacks(seen: Inside, client: DynamicClient): string[] {
  const { enabledClients, grants } = seen
  const isGrantMissing = 'value' in grants && needsGrant(seen, client) && !hasGrant(seen, client)
  const grant = isGrantMissing ? ['no client grant for the API'] : []
  if (client.mode === 'strict') return grant
  if (!client.isPromoted) {
    const isSplit = grant.length > 0 || !(isShared(seen) || isOnFor(seen, client))
    return isSplit ? ['still a third-party client', ...grant] : []
  }
  if ('failure' in enabledClients || enabledClients.value.size === 0) return grant
  return isOnFor(seen, client) ? grant : ['no login connection is on for it', ...grant]
}

function isOnFor({ enabledClients }: Inside, { clientId }: Who): boolean {
  return (
    'value' in enabledClients && [...enabledClients.value.values()].some((ids) => ids.has(clientId))
  )
}

/** Strict clients need a grant for every API; others follow its policy. */
export function needsGrant(seen: Inside, { mode }: Who): boolean {
  return mode === 'strict' || userPolicy(seen) === 'require_client_grant'
}

/** The default grant is for third-party clients. */
export function hasGrant(seen: Inside, client: Who): boolean {
  if (hasOwnGrant(seen, client)) return true
  return !client.isPromoted && defaultGrants(seen).length > 0
}

/** The grants of the API that every third-party client has. */
export function defaultGrants({ grants }: Inside): readonly Auth0.ClientGrantResponseContent[] {
  if ('failure' in grants) return []
  return grants.value.filter(
    (grant) => grant.subject_type !== 'client' && grant.default_for === 'third_party_clients',
  )
}

function hasOwnGrant({ grants }: Inside, { clientId }: Who): boolean {
  if ('failure' in grants) return false
  return grants.value.some(
    (grant) => grant.subject_type !== 'client' && grant.client_id === clientId,
  )
}
