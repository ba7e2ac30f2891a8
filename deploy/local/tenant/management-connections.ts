import type { Management } from 'auth0'
import { TenantError } from './http.ts'
import { found, page, type Route, refuseUnknown } from './management-api.ts'
import type { TenantConnection, TenantState } from './state.ts'

const UPDATABLE = [
  ...['display_name', 'options', 'is_domain_connection', 'show_as_button', 'realms', 'metadata'],
] as const satisfies readonly (keyof Management.UpdateConnectionRequestContent)[]
const MAX_CLIENTS = 50

/** `/connections` and `/connections/{id}/clients` */
export function connectionRoutes({ connections }: TenantState): readonly Route[] {
  const get = (id: string) =>
    found(
      connections.find((connection) => connection.id === id),
      'inexistent_connection',
      'connection',
    )
  return [
    [
      'GET',
      /^\/connections$/,
      ({ query }) => {
        const name = query.get('name')
        const listed = connections.filter((connection) => name === null || connection.name === name)
        return { status: 200, value: page(listed.map(toConnection), query, 'connections') }
      },
    ],
    [
      'GET',
      /^\/connections\/([^/]+)$/,
      ({ id }) => ({ status: 200, value: toConnection(get(id)) }),
    ],
    [
      'PATCH',
      /^\/connections\/([^/]+)$/,
      ({ id, body }) => {
        const connection = get(id)
        refuseUnknown(body, UPDATABLE)
        if (typeof body['is_domain_connection'] === 'boolean') {
          connection.isDomainConnection = body['is_domain_connection']
        }
        return { status: 200, value: toConnection(connection) }
      },
    ],
    [
      'GET',
      /^\/connections\/([^/]+)\/clients$/,
      ({ id, query }) => {
        const clients = [...get(id).enabledClients].map((client_id) => ({ client_id }))
        const paged = new URLSearchParams({ take: '50', ...Object.fromEntries(query) })
        return { status: 200, value: page(clients, paged, 'clients') }
      },
    ],
    [
      'PATCH',
      /^\/connections\/([^/]+)\/clients$/,
      ({ id, list }) => {
        const connection = get(id)
        if (list.length === 0 || list.length > MAX_CLIENTS) {
          throw new TenantError(
            400,
            'invalid_body',
            `Payload validation error: 1 to ${MAX_CLIENTS}`,
          )
        }
        for (const entry of list as Management.UpdateEnabledClientConnectionsRequestContent) {
          if (entry.status) connection.enabledClients.add(entry.client_id)
          else connection.enabledClients.delete(entry.client_id)
        }
        return { status: 204 }
      },
    ],
  ]
}

function toConnection(connection: TenantConnection): Management.ConnectionForList {
  return {
    id: connection.id,
    name: connection.name,
    strategy: connection.name,
    is_domain_connection: connection.isDomainConnection,
    realms: [connection.name],
    options: {},
  }
}
