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
 * Whether a client may have come by dynamic registration, as far as Auth0 lets one tell: it is none
 * of the operator's own first-party clients, none that works without users, and none that was
 * imported by its metadata document (CIMD).
 */
export function mayHaveRegistered(client: Auth0.Client): boolean {
  const { grant_types: grants = [], global } = client
  const imported = client.external_client_id ?? client.external_metadata_type
  if (typeof imported === 'string' || global === true) return false
  if (client.is_first_party === true && !isPromoted(client)) return false
  return grants.length === 0 || grants.includes('authorization_code')
}

/** Whether Auth0 holds a client to the rules of 2026: it stays a third-party client for good. */
export function isStrict(client: Auth0.Client): boolean {
  return (
    client.third_party_security_mode === 'strict' || client.client_id?.startsWith('tpc_') === true
  )
}
