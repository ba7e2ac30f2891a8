import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../../control/faults.ts'
import type { OrganizationConnection, TenantOrganization } from '../../entities.ts'
import { TenantError } from '../../http.ts'
import type { TenantState } from '../../state.ts'
import { type Listed, listed, OFFSET } from '../list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from '../route.ts'

const update = z
  .strictObject({
    assign_membership_on_login: z.boolean(),
    show_as_button: z.boolean(),
    is_signup_enabled: z.boolean(),
  } satisfies Schemas<Management.UpdateOrganizationConnectionRequestContent>)
  .partial()
const create = update.extend({ connection_id: z.string() })

/** Returns Auth0's defaults for a connection of an organization. */
export function newConnection(): OrganizationConnection {
  return { assign_membership_on_login: false, show_as_button: true, is_signup_enabled: false }
}

/** The endpoints at `/organizations/{id}/enabled_connections`. */
export function organizationConnectionRoutes(
  state: TenantState,
  get: (call: ApiCall) => TenantOrganization,
): readonly Route[] {
  const connectionOf = (id: string) =>
    found(state.connections.get(id), 'inexistent_connection', 'connection')
  const set = (organization: TenantOrganization, id: string, one: OrganizationConnection) => {
    const connections = new Map([...organization.connections, [id, one]])
    state.organizations.set(organization.id, { ...organization, connections })
    return toAnswer(id, one)
  }
  const toAnswer = (id: string, one: OrganizationConnection) => {
    const { name, strategy } = connectionOf(id)
    return { connection_id: id, ...one, connection: { name, strategy } }
  }
  const find = (call: ApiCall): OrganizationConnection =>
    found(get(call).connections.get(call.otherId), 'inexistent_connection', 'enabled connection')

  const list = (
    call: ApiCall,
  ): Listed<Management.OrganizationConnection, 'enabled_connections'> => {
    const all = [...get(call).connections].map(([id, one]) => toAnswer(id, one))
    return listed(all, call.query, 'enabled_connections')
  }
  const post = (call: ApiCall): Management.AddOrganizationConnectionResponseContent => {
    const organization = get(call)
    const { connection_id, ...settings } = parseBody(create, call.body)
    connectionOf(connection_id)
    if (organization.connections.has(connection_id)) {
      throw new TenantError(400, 'invalid_body', 'The connection is enabled already')
    }
    return set(organization, connection_id, { ...newConnection(), ...given(settings) })
  }
  const patch = (call: ApiCall): Management.UpdateOrganizationConnectionResponseContent =>
    set(get(call), call.otherId, { ...find(call), ...given(parseBody(update, call.body)) })
  const remove = (call: ApiCall): undefined => {
    find(call)
    const organization = get(call)
    const connections = new Map(organization.connections)
    connections.delete(call.otherId)
    state.organizations.set(organization.id, { ...organization, connections })
  }

  const many = '/organizations/:id/enabled_connections'
  const one = '/organizations/:id/enabled_connections/:otherId'
  const read = ['read:organization_connections'] as const
  return [
    { method: 'GET', path: many, scopes: read, query: OFFSET, answer: list },
    {
      method: 'GET',
      path: one,
      scopes: read,
      answer: (call) => toAnswer(call.otherId, find(call)),
    },
    {
      method: 'POST',
      path: many,
      scopes: ['create:organization_connections'],
      status: 201,
      answer: post,
      description: 'Add a connection to an organization',
    },
    {
      method: 'PATCH',
      path: one,
      scopes: ['update:organization_connections'],
      answer: patch,
      description: 'Modify an organization connection',
    },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:organization_connections'],
      status: 204,
      answer: remove,
    },
  ]
}
