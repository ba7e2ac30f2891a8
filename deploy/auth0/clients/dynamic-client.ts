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

/** A client that has registered itself, as far as Auth0 lets one tell. */
export interface DynamicClient {
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** Whether CLIENT_REDIRECT_URIS covers all of them. */
  readonly isCovered: boolean
  /** How it came to exist; `unmarked` is a guess. */
  readonly kind: Exclude<RegistrationKind, 'imported'>
  readonly mode: 'strict' | 'permissive'
  /** A first-party client by this system's doing. */
  readonly isPromoted: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined
}

const REGISTERED_GRANTS: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token'])

/**
 * The client, if it may have registered itself; undefined for what an operator has made.
 *
 * Auth0's marker decides where there is one. Of the unmarked clients, a third-party client with only
 * the grants that registration gives may have registered itself. A first-party one may have only if it
 * still has the security mode of the third-party client that it was, is to the letter what a promotion
 * leaves, and redirects where this system admits clients.
 */
export function asDynamicClient(
  client: Auth0.Client,
  mayRedirectTo: RedirectUriPolicy,
): DynamicClient | undefined {
  const { client_id: clientId, callbacks = [] } = client
  const kind = registrationKind(client)
  if (clientId === undefined || kind === 'imported') return undefined
  const isCovered = mayRedirectTo(callbacks)
  if (!isSelfRegistered(client) && !isLikeRegistered(client, isCovered)) return undefined
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

function isLikeRegistered(client: Auth0.Client, isCovered: boolean): boolean {
  const { grant_types: grants = [] } = client
  if (!mayHaveRegistered(client)) return false
  if (!grants.every((grant) => REGISTERED_GRANTS.has(grant))) return false
  if (client.is_first_party === false || isStrict(client)) return true
  return wasPromoted(client) && isCovered && client.third_party_security_mode === 'permissive'
}
