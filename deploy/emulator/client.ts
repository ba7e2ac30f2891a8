import { randomBytes } from 'node:crypto'
import { TenantError } from './http.ts'
import { newRefreshToken } from './oauth/tokens/refresh-token.ts'
import type { SecurityMode, TenantClient, TenantState } from './state.ts'

export interface ThirdPartyClient {
  readonly mode: SecurityMode
  readonly name: string
  readonly callbacks: string[]
  readonly grantTypes: string[]
  readonly authMethod: NonNullable<TenantClient['token_endpoint_auth_method']>
}

/** Auth0's marker for the origin of a client. */
export interface Marker {
  readonly external_metadata_type: 'dcr' | 'cimd'
  readonly external_metadata_created_by: 'admin' | 'client'
}

/**
 * Returns a client as DCR or the import of a metadata document creates it: without connections or
 * grants.
 */
export function thirdPartyClient(
  { traits }: TenantState,
  given: ThirdPartyClient,
  marker: Marker,
): TenantClient {
  const { mode, authMethod } = given
  return {
    ...newClient(given.name, authMethod !== 'none', mode === 'strict'),
    callbacks: given.callbacks,
    grant_types: given.grantTypes,
    token_endpoint_auth_method: authMethod,
    is_first_party: false,
    third_party_security_mode: mode,
    refresh_token: newRefreshToken(mode === 'strict', authMethod === 'none'),
    ...(mode === 'strict' && { redirection_policy: 'open_redirect_protection' }),
    ...(traits.clientMarker && marker),
  }
}

/** Returns a new client with Auth0's defaults. */
export function newClient(name: string, hasSecret: boolean, isStrict: boolean): TenantClient {
  const now = new Date().toISOString()
  return {
    client_id: `${isStrict ? 'tpc_' : ''}${randomId()}`,
    ...(hasSecret && { client_secret: randomBytes(48).toString('base64url') }),
    tenant: 'emulator',
    global: false,
    name,
    oidc_conformant: true,
    jwt_configuration: {
      alg: 'RS256',
      lifetime_in_seconds: isStrict ? 3_600 : 36_000,
      secret_encoded: false,
    },
    created_at: now,
    updated_at: now,
  }
}

/**
 * Checks the limit of clients. The client of the Management API does not count.
 *
 * @throws TenantError 403 with Auth0's message if the limit has been reached.
 */
export function checkEntityLimit({ clients, faults, management }: TenantState): void {
  const { entityLimit } = faults
  const ids = [...clients.keys()].filter((id) => id !== management.clientId)
  if (entityLimit !== null && ids.length >= entityLimit) throw tooMany()
}

/** Returns the 403 with Auth0's message for a reached limit. */
export function tooMany(): TenantError {
  const message = 'You reached the limit of entities of this type for this tenant.'
  return new TenantError(403, 'too_many_entities', message)
}

/**
 * Returns a client without its secret, which Auth0 returns only at creation or with a scope that this
 * project does not request.
 */
export function shownClient(
  { traits }: TenantState,
  { client_secret: _, created_at, updated_at, ...client }: TenantClient,
): TenantClient {
  if (!traits.clientDates) return client
  return {
    ...client,
    ...(created_at !== undefined && { created_at }),
    ...(updated_at !== undefined && { updated_at }),
  }
}

/** Returns 32 random letters and digits. */
function randomId(): string {
  return randomBytes(64).toString('base64').replaceAll(/[+/=]/g, '').slice(0, 32)
}
