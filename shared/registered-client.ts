import type { Management as Auth0 } from 'auth0'

/** What a promotion sets. */
export const PROMOTED = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
} satisfies Auth0.UpdateClientRequestContent

/** Whether a client is to the letter as a promotion leaves it. Says nothing of who promoted it. */
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

/** Whether Auth0 holds a client to the rules of 2026: it stays a third-party client for good. */
export function isStrict(client: Auth0.Client): boolean {
  return (
    client.third_party_security_mode === 'strict' || client.client_id?.startsWith('tpc_') === true
  )
}
