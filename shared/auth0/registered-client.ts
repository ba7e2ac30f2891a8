import type { Management as Auth0 } from 'auth0'

/**
 * The refresh token settings of a public first-party client: each token is used once, and a token family
 * expires after 30 days, or after 15 days without use. These lifetimes are Auth0's defaults for rotating
 * tokens; by default, the tokens of a first-party client do not rotate or expire. With the leeway of
 * 30 seconds, a client that sends a token twice in quick succession stays signed in.
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
 * The fields that a promotion sets. The tenant flag `enable_client_connections` applies when a client is
 * created, not when it is updated, so a promotion enables no connection.
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
 * Returns whether a client has exactly the fields that a promotion sets. Ignores the refresh token
 * settings, which earlier versions did not set, and does not check who promoted the client.
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

/**
 * Returns whether the refresh tokens of a client rotate and expire. Does not check lifetimes or leeway.
 */
export function hasRotatingTokens({ refresh_token: tokens }: Auth0.Client): boolean {
  return (
    tokens?.rotation_type === ROTATING_REFRESH_TOKEN.rotation_type &&
    tokens.expiration_type === ROTATING_REFRESH_TOKEN.expiration_type
  )
}

/**
 * Returns the refresh token settings of a client with a leeway added; undefined if they already have a
 * leeway, if the tokens do not rotate, or if Auth0 does not return the settings. Auth0's default is no
 * leeway, also for strict clients; a refresh token that is sent twice then ends the session.
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
 * Returns whether a client that may have registered itself was promoted. A marked client was promoted if
 * it is first-party, because a registration creates only third-party clients. An unmarked client was
 * promoted if it has exactly the fields that a promotion sets.
 */
export function wasPromoted(client: Auth0.Client): boolean {
  return isSelfRegistered(client) ? client.is_first_party === true : isPromoted(client)
}

/**
 * How a client was created: `dynamic` (RFC 7591), `self_cimd` (it registered itself by its metadata
 * document), `imported` (an administrator imported its metadata document), or `unmarked` (created by an
 * operator, or registered before Auth0 introduced the marker).
 *
 * Source: Auth0's Management API, `external_metadata_type` and `external_metadata_created_by`.
 */
export type RegistrationKind = 'dynamic' | 'self_cimd' | 'imported' | 'unmarked'

/**
 * Reads the marker. A value that Auth0 does not document counts as `imported`, so the client stays
 * unchanged.
 */
export function registrationKind(client: Auth0.Client): RegistrationKind {
  const { external_metadata_type: type, external_client_id: url } = client
  if (type === 'dcr') return 'dynamic'
  if (type === 'cimd' && client.external_metadata_created_by === 'client') return 'self_cimd'
  return typeof type === 'string' || typeof url === 'string' ? 'imported' : 'unmarked'
}

/** Returns whether the marker proves that the client registered itself. */
export function isSelfRegistered(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  return kind === 'dynamic' || kind === 'self_cimd'
}

/**
 * Returns whether a client registered itself, by the marker. An unmarked client may have registered
 * itself unless it is a first-party client of the operator, the global client, or a client without
 * user sign-in.
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
 * Returns whether Auth0 applies its strict security mode to a client, which must then stay a third-party
 * client. Clients with a metadata document are always strict.
 */
export function isStrict(client: Auth0.Client): boolean {
  return (
    client.third_party_security_mode === 'strict' ||
    client.client_id?.startsWith('tpc_') === true ||
    client.external_metadata_type === 'cimd'
  )
}
