import type { Management } from 'auth0'
import { TenantError } from './http.ts'
import { found, page, type Route, refuseUnknown } from './management-api.ts'
import type { TenantClient, TenantState } from './state.ts'

type Update = Management.UpdateClientRequestContent

const UPDATABLE = [
  ...['name', 'description', 'logo_uri', 'callbacks', 'allowed_origins', 'web_origins'],
  ...['allowed_logout_urls', 'grant_types', 'token_endpoint_auth_method', 'app_type'],
  ...['is_first_party', 'oidc_conformant', 'jwt_configuration', 'refresh_token'],
  ...['client_metadata', 'sso', 'cross_origin_authentication', 'redirection_policy'],
] as const satisfies readonly (keyof Update)[]

/** What may be changed of a strict third-party client; being third-party is for good. */
const UPDATABLE_OF_STRICT = [
  ...['name', 'description', 'logo_uri', 'callbacks', 'client_metadata', 'refresh_token'],
  ...['redirection_policy', 'grant_types'],
] as const satisfies readonly (keyof Update)[]

/** `/clients` */
export function clientRoutes({ clients, connections, grants }: TenantState): readonly Route[] {
  const get = (id: string) => found(clients.get(id), 'inexistent_client', 'client')
  return [
    [
      'GET',
      /^\/clients$/,
      ({ query }) => {
        const firstParty = query.get('is_first_party')
        const listed = [...clients.values()].filter(
          (client) => firstParty === null || String(client.is_first_party) === firstParty,
        )
        return { status: 200, value: page(listed, query, 'clients') }
      },
    ],
    ['GET', /^\/clients\/([^/]+)$/, ({ id }) => ({ status: 200, value: get(id) })],
    [
      'PATCH',
      /^\/clients\/([^/]+)$/,
      ({ id, body }) => {
        const client = get(id)
        const isStrict = client.third_party_security_mode === 'strict'
        if (isStrict && body['is_first_party'] === true) {
          const message = 'A client with third_party_security_mode strict cannot be first-party.'
          throw new TenantError(400, 'invalid_body', message)
        }
        refuseUnknown(body, isStrict ? UPDATABLE_OF_STRICT : UPDATABLE)
        const changed: TenantClient = { ...client, ...body, updated_at: new Date().toISOString() }
        clients.set(id, changed)
        return { status: 200, value: changed }
      },
    ],
    [
      'DELETE',
      /^\/clients\/([^/]+)$/,
      ({ id }) => {
        clients.delete(id)
        for (const { enabledClients } of connections) enabledClients.delete(id)
        for (const grant of [...grants.values()]) {
          if (grant.client_id === id) grants.delete(grant.id)
        }
        return { status: 204 }
      },
    ],
  ]
}
