import { newClient } from '../client.ts'
import { newApi } from '../resource-server.ts'
import type { Scope, TenantState } from '../state.ts'

/** An API of another system in the tenant. */
export interface OtherApi {
  readonly identifier: string
  readonly scopes: readonly Scope[]
}

/** A client that exchanges tokens, with a known secret. */
export interface ExchangeSetup {
  readonly clientId: string
  readonly clientSecret: string
  /** The APIs that tokens are exchanged for. */
  readonly apis: readonly OtherApi[]
}

/** Adds further APIs to the tenant. */
export function addApis(state: TenantState, apis: readonly OtherApi[]): void {
  for (const { identifier, scopes } of apis) {
    const api = {
      ...newApi(identifier),
      scopes: scopes.map(({ value, description }) => ({ value, description })),
      enforce_policies: true,
      token_dialect: 'rfc9068_profile_authz',
      token_lifetime: 3_600,
    } as const
    state.apis.set(api.id, api)
  }
}

/**
 * Adds the client, linked to the API `audience`. It cannot exchange tokens until `npm run provision`
 * enables token exchange.
 */
export function addExchangeClient(
  state: TenantState,
  { clientId: client_id, clientSecret: client_secret }: ExchangeSetup,
  audience: string,
): void {
  state.clients.set(client_id, {
    ...newClient('Token exchange', true, false),
    client_id,
    client_secret,
    app_type: 'resource_server',
    resource_server_identifier: audience,
    is_first_party: true,
    callbacks: [],
    grant_types: [],
    token_endpoint_auth_method: 'client_secret_post',
  })
}
