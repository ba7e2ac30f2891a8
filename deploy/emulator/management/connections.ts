import type { Management } from 'auth0'
import { z } from 'zod'
import type { TenantConnection, TenantState } from '../state.ts'
import { findClient } from './clients.ts'
import { CHECKPOINT, FIELDS, type Listed, listed, OFFSET, pick } from './list.ts'
import { type ApiCall, found, parseBody, type Route } from './route.ts'

const MAX_CLIENTS = 50

const update = z
  .strictObject({
    is_domain_connection: z.boolean(),
    display_name: z.string(),
    show_as_button: z.boolean(),
    realms: z.array(z.string()),
    metadata: z.record(z.string(), z.string()),
    options: z.record(z.string(), z.unknown()),
    // Deprecated in Auth0: it replaces the whole list, including concurrent additions.
    enabled_clients: z.array(z.string()),
  } satisfies { [Name in keyof Management.UpdateConnectionRequestContent]?: z.ZodType })
  .partial()

const enabledClients: z.ZodType<Management.UpdateEnabledClientConnectionsRequestContent> = z
  .array(z.strictObject({ client_id: z.string(), status: z.boolean() }))
  .min(1)
  .max(MAX_CLIENTS)

/** The endpoints at `/connections`, `/connections/{id}/clients` and `/clients/{id}/connections`. */
export function connectionRoutes(state: TenantState): readonly Route[] {
  const find = ({ id }: ApiCall): TenantConnection =>
    found(state.connections.get(id), 'inexistent_connection', 'connection')

  const list = ({ query }: ApiCall): Listed<Management.ConnectionForList, 'connections'> => {
    const name = query.get('name')
    const strategies = query.getAll('strategy').flatMap((value) => value.split(','))
    const matching = [...state.connections.values()].filter(
      (connection) =>
        (name === null || connection.name === name) &&
        (strategies.length === 0 || strategies.includes(connection.strategy)),
    )
    const shown = matching.map((connection) => pick(toConnection(connection), query))
    return listed(shown, query, 'connections')
  }
  const get = (call: ApiCall): Management.GetConnectionResponseContent => {
    const connection = find(call)
    const enabled_clients = [...connection.enabledClients]
    return pick({ ...toConnection(connection), enabled_clients }, call.query)
  }
  const patch = (call: ApiCall): Management.UpdateConnectionResponseContent => {
    const connection = find(call)
    const changes = parseBody(update, call.body)
    connection.is_domain_connection =
      changes.is_domain_connection ?? connection.is_domain_connection
    // Auth0 resets absent members to the name and replaces all options.
    connection.display_name = changes.display_name ?? connection.name
    connection.realms = changes.realms ?? [connection.name]
    connection.options = changes.options ?? connection.options
    connection.enabledClients = new Set(changes.enabled_clients ?? connection.enabledClients)
    return get(call)
  }
  const getClients = (call: ApiCall): Listed<Management.ConnectionEnabledClient, 'clients'> => {
    const clients = [...find(call).enabledClients].map((client_id) => ({ client_id }))
    return listed(clients, new URLSearchParams([['take', '50'], ...call.query]), 'clients')
  }
  const ofClient = ({
    id,
    query,
  }: ApiCall): Listed<Management.ConnectionForList, 'connections'> => {
    const { client_id } = findClient(state, id)
    const enabled = [...state.connections.values()].filter(({ enabledClients }) =>
      enabledClients.has(client_id),
    )
    const shown = enabled.map((connection) => pick(toConnection(connection), query))
    return listed(shown, new URLSearchParams([['take', '50'], ...query]), 'connections')
  }
  const patchClients = (call: ApiCall): undefined => {
    const connection = find(call)
    const changes = parseBody(enabledClients, call.body)
    for (const { client_id } of changes) findClient(state, client_id)
    for (const { client_id, status } of changes) {
      if (status) connection.enabledClients.add(client_id)
      else connection.enabledClients.delete(client_id)
    }
  }

  const many = '/connections'
  const one = '/connections/:id'
  const clients = '/connections/:id/clients'
  const query = [...CHECKPOINT, ...OFFSET, ...FIELDS, 'name', 'strategy']
  const description = 'Update a connection'
  return [
    { method: 'GET', path: many, scopes: ['read:connections'], query, answer: list },
    { method: 'GET', path: one, scopes: ['read:connections'], query: FIELDS, answer: get },
    { method: 'PATCH', path: one, scopes: ['update:connections'], answer: patch, description },
    {
      method: 'GET',
      path: clients,
      scopes: ['read:connections'],
      query: CHECKPOINT,
      answer: getClients,
    },
    {
      method: 'GET',
      path: '/clients/:id/connections',
      scopes: ['read:connections'],
      query: [...CHECKPOINT, ...FIELDS, 'strategy'],
      answer: ofClient,
    },
    {
      method: 'PATCH',
      path: clients,
      scopes: ['update:connections'],
      status: 204,
      answer: patchClients,
      description,
    },
  ]
}

function toConnection({ enabledClients: _, ...connection }: TenantConnection) {
  return { ...connection, show_as_button: true } satisfies Management.ConnectionForList
}
