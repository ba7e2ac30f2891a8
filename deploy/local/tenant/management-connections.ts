import type { Management } from 'auth0'
import { z } from 'zod'
import {
  type ApiCall,
  found,
  type Listed,
  listed,
  parseBody,
  type Route,
} from './management-route.ts'
import type { TenantConnection, TenantState } from './state.ts'

const MAX_CLIENTS = 50

const update = z
  .strictObject({
    is_domain_connection: z.boolean(),
    display_name: z.string(),
    // Deprecated at Auth0: it replaces the whole list, also what others added meanwhile.
    enabled_clients: z.array(z.string()),
  } satisfies { [Name in keyof Management.UpdateConnectionRequestContent]?: z.ZodType })
  .partial()

const enabledClients: z.ZodType<Management.UpdateEnabledClientConnectionsRequestContent> = z
  .array(z.strictObject({ client_id: z.string(), status: z.boolean() }))
  .min(1)
  .max(MAX_CLIENTS)

/** `/connections` and `/connections/{id}/clients` */
export function connectionRoutes({ connections }: TenantState): readonly Route[] {
  const find = ({ id }: ApiCall): TenantConnection => {
    const connection = connections.find((candidate) => candidate.id === id)
    return found(connection, 'inexistent_connection', 'connection')
  }
  const list = ({ query }: ApiCall): Listed<Management.ConnectionForList, 'connections'> => {
    const name = query.get('name')
    const matching = connections.filter((connection) => name === null || connection.name === name)
    return listed(matching.map(toConnection), query, 'connections')
  }
  const get = (call: ApiCall): Management.GetConnectionResponseContent => {
    const connection = find(call)
    return { ...toConnection(connection), enabled_clients: [...connection.enabledClients] }
  }
  const patch = (call: ApiCall): Management.UpdateConnectionResponseContent => {
    const connection = find(call)
    const changes = parseBody(update, call.body)
    connection.isDomainConnection = changes.is_domain_connection ?? connection.isDomainConnection
    connection.displayName = changes.display_name ?? connection.displayName
    connection.enabledClients = new Set(changes.enabled_clients ?? connection.enabledClients)
    return get(call)
  }
  const getClients = (call: ApiCall): Listed<Management.ConnectionEnabledClient, 'clients'> => {
    const clients = [...find(call).enabledClients].map((client_id) => ({ client_id }))
    return listed(clients, new URLSearchParams([['take', '50'], ...call.query]), 'clients')
  }
  const patchClients = (call: ApiCall): undefined => {
    const connection = find(call)
    for (const { client_id, status } of parseBody(enabledClients, call.body)) {
      if (status) connection.enabledClients.add(client_id)
      else connection.enabledClients.delete(client_id)
    }
  }

  const one = /^\/connections\/([^/]+)$/
  const clients = /^\/connections\/([^/]+)\/clients$/
  const description = 'Update a connection'
  return [
    { method: 'GET', path: /^\/connections$/, answer: list },
    { method: 'GET', path: one, answer: get },
    { method: 'PATCH', path: one, answer: patch, description },
    { method: 'GET', path: clients, answer: getClients },
    { method: 'PATCH', path: clients, answer: patchClients, status: 204, description },
  ]
}

function toConnection({
  id,
  name,
  displayName,
  isDomainConnection,
}: TenantConnection): Management.ConnectionForList {
  return {
    id,
    name,
    display_name: displayName,
    strategy: name,
    realms: [name],
    is_domain_connection: isDomainConnection,
    options: {},
  }
}
