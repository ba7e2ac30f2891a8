import type { Management as Auth0 } from 'auth0'
import type { RedirectUriPolicy } from '../../../shared/redirect-uris.ts'
import { isPromoted, isStrict, mayHaveRegistered } from '../../../shared/registered-client.ts'

/** A client that has registered itself, as far as Auth0 lets one tell. */
export interface DynamicClient {
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** Whether CLIENT_REDIRECT_URIS covers all of them. */
  readonly isCovered: boolean
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
 * Auth0 keeps no trace of how a client came to be. A third-party client with none but the grants
 * that registration gives may have registered itself. A first-party one has only if it still has the
 * security mode of the third-party client that it was, is to the letter what a promotion leaves, and
 * redirects where this system admits clients. Imported ones (CIMD) never have.
 */
export function asDynamicClient(
  client: Auth0.Client,
  mayRedirectTo: RedirectUriPolicy,
): DynamicClient | undefined {
  const { client_id: clientId, callbacks = [], grant_types: grants = [] } = client
  if (clientId === undefined || !mayHaveRegistered(client)) return undefined
  if (!grants.every((grant) => REGISTERED_GRANTS.has(grant))) return undefined
  const isCovered = mayRedirectTo(callbacks)
  const wasPromoted =
    isPromoted(client) && isCovered && client.third_party_security_mode === 'permissive'
  const isThirdParty = client.is_first_party === false || isStrict(client)
  if (!isThirdParty && !wasPromoted) return undefined
  const createdAt = Date.parse(client.created_at ?? '')
  return {
    clientId,
    name: client.name ?? '',
    redirectUris: callbacks,
    isCovered,
    mode: isStrict(client) ? 'strict' : 'permissive',
    isPromoted: wasPromoted,
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
  }
}
