import { randomBytes } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../../control/faults.ts'
import type { TenantOrganization } from '../../entities.ts'
import { TenantError } from '../../http.ts'
import type { TenantState } from '../../state.ts'
import { CHECKPOINT, type Listed, listed, OFFSET } from '../list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from '../route.ts'
import { newConnection, organizationConnectionRoutes } from './organization-connections.ts'
import { organizationMemberRoutes } from './organization-members.ts'

const update = z
  .strictObject({
    name: z
      .string()
      .max(50)
      .regex(/^(?!org_)[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, - and _'),
    display_name: z.string().min(1).max(255),
    metadata: z.record(z.string().max(255), z.string().max(255)),
    // The `auth0` package's types have `block`, but Auth0's documentation has `deny`.
    third_party_client_access: z.enum(['allow', 'block', 'deny']).transform(toAccess),
  } satisfies { [Name in keyof Management.UpdateOrganizationRequestContent]?: z.ZodType })
  .partial()
const create = update.required({ name: true }).extend({
  enabled_connections: z
    .array(
      z.strictObject({
        connection_id: z.string(),
        assign_membership_on_login: z.boolean().optional(),
        show_as_button: z.boolean().optional(),
        is_signup_enabled: z.boolean().optional(),
      } satisfies Schemas<Management.ConnectionForOrganization>),
    )
    .optional(),
})

/** The endpoints at `/organizations`, with their connections and members. */
export function organizationRoutes(state: TenantState): readonly Route[] {
  const { organizations } = state
  const get = ({ id }: ApiCall): TenantOrganization =>
    found(organizations.get(id), 'inexistent_organization', 'organization')
  const checkName = (name: string, id?: string) => {
    if (![...organizations.values()].some((one) => one.name === name && one.id !== id)) return
    const message = 'An organization with the same name already exists'
    throw new TenantError(409, 'conflict', message)
  }

  const list = ({ query }: ApiCall): Listed<Management.Organization, 'organizations'> =>
    listed([...organizations.values()].map(shown), query, 'organizations')
  const byName = ({ id }: ApiCall): Management.Organization => {
    const named = [...organizations.values()].find(({ name }) => name === id)
    return shown(found(named, 'inexistent_organization', 'organization'))
  }
  const post = ({ body }: ApiCall): Management.CreateOrganizationResponseContent => {
    const { enabled_connections = [], ...wanted } = given(parseBody(create, body))
    checkName(wanted.name)
    const connections = enabled_connections.map(({ connection_id, ...settings }) => {
      found(state.connections.get(connection_id), 'inexistent_connection', 'connection')
      return [connection_id, { ...newConnection(), ...given(settings) }] as const
    })
    const organization: TenantOrganization = {
      id: `org_${randomBytes(8).toString('hex')}`,
      display_name: wanted.name,
      metadata: {},
      third_party_client_access: 'block',
      ...wanted,
      connections: new Map(connections),
      members: new Set(),
    }
    organizations.set(organization.id, organization)
    return shown(organization)
  }
  const patch = (call: ApiCall): Management.UpdateOrganizationResponseContent => {
    const wanted = given(parseBody(update, call.body))
    if (wanted.name !== undefined) checkName(wanted.name, call.id)
    const changed = { ...get(call), ...wanted }
    organizations.set(changed.id, changed)
    return shown(changed)
  }
  const remove = (call: ApiCall): undefined => void organizations.delete(get(call).id)

  const many = '/organizations'
  const one = '/organizations/:id'
  const read = ['read:organizations'] as const
  const query = [...OFFSET, ...CHECKPOINT, 'sort']
  const description = 'Update an organization'
  return [
    { method: 'GET', path: many, scopes: read, query, answer: list },
    { method: 'GET', path: '/organizations/name/:id', scopes: read, answer: byName },
    { method: 'GET', path: one, scopes: read, answer: (call) => shown(get(call)) },
    {
      method: 'POST',
      path: many,
      scopes: ['create:organizations'],
      status: 201,
      answer: post,
      description: 'Create an organization',
    },
    { method: 'PATCH', path: one, scopes: ['update:organizations'], answer: patch, description },
    { method: 'DELETE', path: one, scopes: ['delete:organizations'], status: 204, answer: remove },
    ...organizationConnectionRoutes(state, get),
    ...organizationMemberRoutes(state, get),
  ]
}

function toAccess(value: 'allow' | 'block' | 'deny') {
  return value === 'allow' ? value : 'block'
}

function shown(organization: TenantOrganization): Management.Organization {
  const { connections: _, members: __, ...rest } = organization
  return rest
}
