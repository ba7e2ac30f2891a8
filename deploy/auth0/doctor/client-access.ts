import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../../shared/redirect-uris.ts'
import type { DynamicClient } from '../clients/dynamic-client.ts'
import type { Inside } from './observe-inside.ts'

/** What keeps a client of ChatGPT's from signing people in, beside the settings of the tenant. */
export function whyStuck(seen: Inside, client: DynamicClient): string[] {
  const { enabledClients, grants } = seen
  if (client.mode === 'strict') {
    if ('failure' in grants || hasGrant(seen, client)) return []
    return [`${describeClient(client)}: no client grant for the API`]
  }
  if (!client.isPromoted) return [`${describeClient(client)}: still a third-party client`]
  if ('failure' in enabledClients || enabledClients.value.size === 0) return []
  const isOn = [...enabledClients.value.values()].some((ids) => ids.has(client.clientId))
  return isOn ? [] : [`${describeClient(client)}: no login connection is on for it`]
}

/** Whether a client can sign people in and get a token for the API. */
export function mayGetIn(seen: Inside, client: DynamicClient): boolean {
  const { snapshot, enabledClients } = seen
  const isShared = snapshot.connections.some(
    ({ state }) => 'value' in state && state.value?.isDomainConnection === true,
  )
  if (client.mode === 'strict') return isShared && hasGrant(seen, client)
  const isOn =
    'value' in enabledClients &&
    [...enabledClients.value.values()].some((ids) => ids.has(client.clientId))
  return isShared || isOn
}

function hasGrant({ grants }: Inside, { clientId }: DynamicClient): boolean {
  if ('failure' in grants) return false
  return grants.value.some(
    (grant) =>
      grant.subject_type !== 'client' &&
      (grant.client_id === clientId || grant.default_for === 'third_party_clients'),
  )
}

/** Some of its redirect URIs are covered, and others are not. */
export function isWidened(client: Auth0.Client, mayRedirectTo: RedirectUriPolicy): boolean {
  const { callbacks = [] } = client
  const covered = callbacks.filter((uri) => mayRedirectTo([uri]))
  return covered.length > 0 && covered.length < callbacks.length
}

/** A client as people find it. */
export function describeClient({ name, clientId, redirectUris }: DynamicClient): string {
  return `${name || 'unnamed'} (${clientId}), to ${redirectUris.join(' ')}`.slice(0, 300)
}
