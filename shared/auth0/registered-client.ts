import type { Management as Auth0 } from 'auth0'

/**
 * Refresh tokens of a public first-party client: each is used once, a family ends after 30 days or
 * after 15 days without use. These are Auth0's own defaults for rotating tokens; its defaults for a
 * first-party client are non-rotating tokens that never expire. With the leeway of 30 seconds a client
 * that sends one token twice within a moment stays signed in.
 */
export const ROTATING_REFRESH_TOKEN = {
  rotation_type: 'rotating',
  expiration_type: 'expiring',
  leeway: 30,
  token_lifetime: 2_592_000,
  infinite_token_lifetime: false,
  idle_token_lifetime: 1_296_000,
  infinite_idle_token_lifetime: false,
} satisfies Auth0.ClientRefreshTokenConfiguration

/**
 * What a promotion sets. The tenant flag `enable_client_connections` applies when a client is created,
 * not when it is updated, so a promotion enables no connection by itself.
 */
export const PROMOTED = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
  refresh_token: ROTATING_REFRESH_TOKEN,
} satisfies Auth0.UpdateClientRequestContent

/**
 * Whether a client is to the letter as a promotion leaves it, whatever its refresh tokens: earlier
 * promotions did not set them. Does not check who promoted it.
 */
export function isPromoted(client: Auth0.Client): boolean {
  const grants = new Set(client.grant_types)
  return (
    client.is_first_party === PROMOTED.is_first_party &&
    client.token_endpoint_auth_method === PROMOTED.token_endpoint_auth_method &&
    client.oidc_conformant === PROMOTED.oidc_conformant &&
    client.jwt_configuration?.alg === PROMOTED.jwt_configuration.alg &&
    grants.size === PROMOTED.grant_types.length &&
    PROMOTED.grant_types.every((grant) => grants.has(grant))
  )
}

/** Whether the refresh tokens of a client rotate and expire. Does not check lifetimes or leeway. */
export function hasRotatingTokens({ refresh_token: tokens }: Auth0.Client): boolean {
  return (
    tokens?.rotation_type === ROTATING_REFRESH_TOKEN.rotation_type &&
    tokens.expiration_type === ROTATING_REFRESH_TOKEN.expiration_type
  )
}

/**
 * The refresh token settings of a client with a leeway added; undefined where they have one, where the
 * tokens do not rotate, and where Auth0 does not show them. Auth0's default is none, also for strict
 * clients: a refresh token that is sent twice then ends the session.
 */
export function withLeeway({
  refresh_token: tokens,
}: Auth0.Client): Auth0.ClientRefreshTokenConfiguration | undefined {
  const { rotation_type: rotating, leeway } = ROTATING_REFRESH_TOKEN
  if (tokens == null || tokens.rotation_type !== rotating || (tokens.leeway ?? 0) > 0)
    return undefined
  return { ...tokens, leeway }
}

/**
 * Whether a client that may have registered itself has been promoted. A first-party client with the
 * marker has: registration makes third-party clients only. Without the marker it must be as a
 * promotion leaves it.
 */
export function wasPromoted(client: Auth0.Client): boolean {
  return isSelfRegistered(client) ? client.is_first_party === true : isPromoted(client)
}

/**
 * How a client came to exist: `dynamic` (RFC 7591), `self_cimd` (it registered itself by its metadata
 * document), `imported` (an administrator imported its metadata document), or `unmarked` (made by an
 * operator, or registered before Auth0 marked clients).
 *
 * Source: Auth0's Management API, `external_metadata_type` and `external_metadata_created_by`.
 */
export type RegistrationKind = 'dynamic' | 'self_cimd' | 'imported' | 'unmarked'

/** Reads the marker. A value that Auth0 does not document counts as `imported`: hands off. */
export function registrationKind(client: Auth0.Client): RegistrationKind {
  const { external_metadata_type: type, external_client_id: url } = client
  if (type === 'dcr') return 'dynamic'
  if (type === 'cimd' && client.external_metadata_created_by === 'client') return 'self_cimd'
  return typeof type === 'string' || typeof url === 'string' ? 'imported' : 'unmarked'
}

/** Whether the marker proves that the client registered itself. */
export function isSelfRegistered(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  return kind === 'dynamic' || kind === 'self_cimd'
}

/**
 * Whether a client registered itself. The marker decides where Auth0 sets it. An unmarked client may
 * have registered unless it is one of the operator's own first-party clients, the global client, or
 * one that works without users.
 */
export function mayHaveRegistered(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  if (kind !== 'unmarked') return kind !== 'imported'
  const { grant_types: grants = [], global } = client
  if (global === true) return false
  if (client.is_first_party === true && !isPromoted(client)) return false
  return grants.length === 0 || grants.includes('authorization_code')
}

/**
 * Whether Auth0 holds a client to the rules of 2026: it stays a third-party client for good. Clients
 * by metadata document are always strict.
 */
export function isStrict(client: Auth0.Client): boolean {
  return (
    client.third_party_security_mode === 'strict' ||
    client.client_id?.startsWith('tpc_') === true ||
    client.external_metadata_type === 'cimd'
  )
}
