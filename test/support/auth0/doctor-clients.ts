import { expect } from 'vitest'
import type { TenantClient, TenantGrant } from '../../../deploy/emulator/state.ts'
import { all, update } from './doctor-changes.ts'
import { API_SCOPES, apiOf, CHATGPT_ID, type Change } from './doctor-tenant.ts'

export const OPEN = { THIRD_PARTY_ACCESS: 'open' }
/** The redirect URI of ChatGPT for every connection, and that of one connection. */
export const STABLE = 'https://chatgpt.com/connector_platform_oauth_redirect'
export const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/abc'

/** Changes the client of ChatGPT. A new `client_id` does not change its grant. */
export const client =
  (changes: Partial<TenantClient>): Change =>
  ({ clients }) => {
    const before = clients.get(CHATGPT_ID) ?? expect.unreachable('no client of ChatGPT')
    clients.delete(CHATGPT_ID)
    const changed: TenantClient = { ...before, ...changes }
    clients.set(changed.client_id, changed)
  }
/** Makes the client of ChatGPT a permissive one, `app`. */
export const permissiveClient = (changes: Partial<TenantClient> = {}): Change =>
  client({ client_id: 'app', third_party_security_mode: 'permissive', ...changes })
/** The changes of a permissive client by its promotion. */
export const PROMOTED = {
  is_first_party: true,
  oidc_conformant: true,
  token_endpoint_auth_method: 'none',
  jwt_configuration: { alg: 'RS256' },
} as const
/** Adds a client like that of ChatGPT, `tpc_other`. */
export const another =
  (changes: Partial<TenantClient>): Change =>
  ({ clients }) => {
    const given = clients.get(CHATGPT_ID) ?? expect.unreachable('no client of ChatGPT')
    const added: TenantClient = { ...given, client_id: 'tpc_other', ...changes }
    clients.set(added.client_id, added)
  }
/** Adds a client that registered itself by its metadata document. */
export const selfRegistered = (changes: Partial<TenantClient> = {}): Change =>
  another({
    external_metadata_type: 'cimd',
    external_metadata_created_by: 'client',
    external_client_id: 'https://evil.example/client.json',
    ...changes,
  })
/** Adds first-party clients until the tenant has `count` clients. */
export const withClients =
  (count: number): Change =>
  ({ clients }) => {
    for (let index = 0; clients.size < count; index += 1) {
      const client_id = `app_${index}`
      clients.set(client_id, { client_id, is_first_party: true })
    }
  }
/** Removes the client of ChatGPT and its grant. */
export const withoutClients: Change = ({ clients, grants }) => {
  clients.delete(CHATGPT_ID)
  grants.delete('cgr_chatgpt')
}
/** Enables the login connection for these clients only. */
export const enabledFor =
  (...ids: readonly string[]): Change =>
  ({ connections }) => {
    for (const connection of connections.values()) connection.enabledClients = new Set(ids)
  }

export const ENDLESS = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' } as const
export const WITHOUT_LEEWAY = {
  rotation_type: 'rotating',
  expiration_type: 'expiring',
  leeway: 0,
} as const

/** Adds the client of `provision --predefined` with its grant and connection. */
export const predefined = (changes: Partial<TenantClient> = {}): Change =>
  all(
    (state) =>
      void state.clients.set('predefined', {
        client_id: 'predefined',
        name: 'ChatGPT (predefined)',
        callbacks: [PER_CONNECTION],
        is_first_party: true,
        token_endpoint_auth_method: 'none',
        oidc_conformant: true,
        grant_types: ['authorization_code', 'refresh_token'],
        jwt_configuration: { alg: 'RS256' },
        refresh_token: {
          rotation_type: 'rotating',
          expiration_type: 'expiring',
          leeway: 30,
          infinite_token_lifetime: false,
          infinite_idle_token_lifetime: false,
        },
        client_metadata: { predefined_for: apiOf(state).identifier },
        ...changes,
      }),
    grantFor('predefined'),
    enabledFor('predefined'),
  )

export const grant =
  (id: string, changes: Partial<TenantGrant>): Change =>
  ({ grants }) =>
    update(grants, id, changes)
/** Adds a grant of the API to the client. */
export const grantFor =
  (client_id: string): Change =>
  (state) =>
    addGrant(state, { id: `cgr_${client_id}`, client_id })
/** Adds a default grant for third-party clients. */
export const defaultGrant: Change = (state) =>
  addGrant(state, { id: 'cgr_default', default_for: 'third_party_clients' })
export const withoutGrant =
  (id: string): Change =>
  ({ grants }) =>
    void grants.delete(id)
/** Adds grants of other clients until the tenant has `count` grants. */
export const withGrants =
  (count: number): Change =>
  ({ grants }) => {
    for (let index = 0; grants.size < count; index += 1) {
      const id = `cgr_${index}`
      const about = { client_id: `app_${index}`, audience: 'https://other.example' }
      grants.set(id, { id, ...about, scope: [] })
    }
  }
/** The tenant with `THIRD_PARTY_ACCESS=open`. */
export const openTenant = all(defaultGrant, withoutGrant('cgr_chatgpt'))

type GrantOwner = Pick<TenantGrant, 'id' | 'client_id' | 'default_for'>

function addGrant(state: Parameters<Change>[0], owner: GrantOwner): void {
  const audience = apiOf(state).identifier
  state.grants.set(owner.id, { ...owner, audience, scope: API_SCOPES, subject_type: 'user' })
}
