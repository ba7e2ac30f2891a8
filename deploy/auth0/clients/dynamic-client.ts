import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import {
  isSelfRegistered,
  isStrict,
  mayHaveRegistered,
  type RegistrationKind,
  registrationKind,
  wasPromoted,
} from '../../../shared/auth0/registered-client.ts'

/** A client that registered itself, or may have. */
export interface DynamicClient {
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** Whether CLIENT_REDIRECT_URIS matches all of them. */
  readonly isCovered: boolean
  /** How it was registered; `unmarked` is a guess. */
  readonly kind: Exclude<RegistrationKind, 'imported'>
  readonly mode: 'strict' | 'permissive'
  /** Whether this system made it a first-party client. */
  readonly isPromoted: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined
}

const REGISTERED_GRANTS: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token'])

/**
 * Returns the client if it may have registered itself; undefined if an operator created it.
 *
 * Auth0's marker decides if it is present. An unmarked third-party client may have registered itself if
 * it has only the grant types that registration assigns. An unmarked first-party client may have done so
 * only if it keeps the security mode of a third-party client, has exactly the settings of a promoted
 * client, and has redirect URIs that this system admits.
 */
export function asDynamicClient(
  client: Auth0.Client,
  mayRedirectTo: RedirectUriPolicy,
): DynamicClient | undefined {
  const { client_id: clientId, callbacks = [] } = client
  const kind = registrationKind(client)
  if (clientId === undefined || kind === 'imported') return undefined
  const isCovered = mayRedirectTo(callbacks)
  if (!isSelfRegistered(client) && !looksRegistered(client, isCovered)) return undefined
  const createdAt = Date.parse(client.created_at ?? '')
  return {
    clientId,
    name: client.name ?? '',
    redirectUris: callbacks,
    isCovered,
    kind,
    mode: isStrict(client) ? 'strict' : 'permissive',
    isPromoted: wasPromoted(client),
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
  }
}

function looksRegistered(client: Auth0.Client, isCovered: boolean): boolean {
  const { grant_types: grants = [] } = client
  if (!mayHaveRegistered(client)) return false
  if (!grants.every((grant) => REGISTERED_GRANTS.has(grant))) return false
  if (client.is_first_party === false || isStrict(client)) return true
  return wasPromoted(client) && isCovered && client.third_party_security_mode === 'permissive'
}
