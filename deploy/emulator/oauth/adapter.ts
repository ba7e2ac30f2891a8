import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider'
import type { TenantClient, TenantState } from '../state.ts'
import { isInLeeway } from './tokens/refresh-token.ts'

const GRANT_TYPES: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token'])

/** The data of oidc-provider by kind and ID. It outlives a provider, which a key rotation replaces. */
export type Store = Map<string, { readonly payload: AdapterPayload; readonly expiresAt: number }>

/** Creates adapters that store data in memory. Clients come from the tenant's state. */
export function createAdapter(state: TenantState, store: Store): (kind: string) => Adapter {
  const findLive = (key: string) => {
    const entry = store.get(key)
    if (entry !== undefined && entry.expiresAt > Date.now()) return entry.payload
    store.delete(key)
    return undefined
  }
  const findBy = (kind: string, member: 'uid' | 'userCode', value: string) => {
    for (const [key, { payload }] of store) {
      if (key.startsWith(`${kind}:`) && payload[member] === value) return findLive(key)
    }
    return undefined
  }
  /** Returns a used refresh token as unused if the leeway allows its exchange. */
  const refreshToken = (id: string) => {
    const token = findLive(`RefreshToken:${id}`)
    if (token === undefined) return undefined
    const family = [...store].flatMap(([key, { payload }]) =>
      key.startsWith('RefreshToken:') && payload.grantId === token.grantId ? [payload] : [],
    )
    return isInLeeway(state, token, family) ? { ...token, consumed: undefined } : token
  }
  return (kind) => ({
    upsert: async (id, payload, expiresIn) => {
      const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY
      store.set(`${kind}:${id}`, { payload, expiresAt })
    },
    find: async (id) => {
      if (kind === 'RefreshToken') return refreshToken(id)
      if (kind !== 'Client') return findLive(`${kind}:${id}`)
      const client = state.clients.get(id)
      return client && toMetadata(client)
    },
    findByUid: async (uid) => findBy(kind, 'uid', uid),
    findByUserCode: async (userCode) => findBy(kind, 'userCode', userCode),
    consume: async (id) => {
      const payload = findLive(`${kind}:${id}`)
      // The leeway starts at the first use.
      if (payload !== undefined) payload['consumed'] ??= Date.now() / 1000
    },
    destroy: async (id) => {
      store.delete(`${kind}:${id}`)
    },
    revokeByGrantId: async (grantId) => revokeGrant(store, grantId),
  })
}

/** Deletes a grant with its codes and tokens. */
export function revokeGrant(store: Store, grantId: string): void {
  store.delete(`Grant:${grantId}`)
  for (const [key, { payload }] of store) if (payload.grantId === grantId) store.delete(key)
}

/** Converts a client of the tenant to oidc-provider's form. */
function toMetadata(client: TenantClient): ClientMetadata & AdapterPayload {
  const callbacks = client.callbacks ?? []
  return {
    client_id: client.client_id,
    client_name: client.name || client.client_id,
    redirect_uris: callbacks,
    // Only the Management API uses client credentials, and oidc-provider does not serve it.
    grant_types: (client.grant_types ?? []).filter((grant) => GRANT_TYPES.has(grant)),
    response_types: ['code'],
    application_type: callbacks.every(isWeb) ? 'web' : 'native',
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? 'none',
    ...(client.client_secret !== undefined && { client_secret: client.client_secret }),
  }
}

// oidc-provider forbids custom schemes for web clients, and http except on loopback for native clients.
function isWeb(uri: string): boolean {
  return /^https?:/i.test(uri)
}
