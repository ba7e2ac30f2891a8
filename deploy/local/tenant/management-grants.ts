import { randomBytes } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { TenantError } from './http.ts'
import {
  type ApiCall,
  found,
  type Listed,
  listed,
  parseBody,
  type Route,
} from './management-route.ts'
import type { TenantGrant, TenantState } from './state.ts'

const changeable = {
  scope: z.array(z.string()).optional(),
  allow_all_scopes: z.boolean().optional(),
  organization_usage: z.enum(['deny', 'allow', 'require']).optional(),
  allow_any_organization: z.boolean().optional(),
} satisfies { [Name in keyof Management.UpdateClientGrantRequestContent]?: z.ZodType }

const update = z.strictObject(changeable)
const create = z
  .strictObject({
    ...changeable,
    audience: z.string(),
    client_id: z.string().optional(),
    default_for: z.literal('third_party_clients').optional(),
    subject_type: z.enum(['client', 'user']).optional(),
  } satisfies { [Name in keyof Management.CreateClientGrantRequestContent]?: z.ZodType })
  .refine(
    ({ client_id, default_for }) => (client_id === undefined) !== (default_for === undefined),
    'must have either client_id or default_for',
  )

const IDENTITY = ['client_id', 'default_for', 'audience', 'subject_type'] as const

/** `/client-grants` */
export function grantRoutes({ grants, clients, audience }: TenantState): readonly Route[] {
  const get = ({ id }: ApiCall): Management.GetClientGrantResponseContent & TenantGrant =>
    found(grants.get(id), 'inexistent_client_grant', 'client grant')

  const list = ({
    query,
  }: ApiCall): Listed<Management.ClientGrantResponseContent, 'client_grants'> => {
    const matching = [...grants.values()].filter((grant) =>
      IDENTITY.every((name) => !query.has(name) || grant[name] === query.get(name)),
    )
    return listed(matching, query, 'client_grants')
  }
  const post = ({ body }: ApiCall): Management.CreateClientGrantResponseContent => {
    const given = parseBody(create, body)
    const { client_id: clientId } = given
    if (clientId !== undefined) found(clients.get(clientId), 'inexistent_client', 'client')
    if (given.audience !== audience) {
      throw new TenantError(404, 'inexistent_resource_server', 'The API does not exist')
    }
    const grant: TenantGrant = {
      id: `cgr_${randomBytes(8).toString('hex')}`,
      scope: [],
      // A default for third parties can only be meant for people: they get no client credentials.
      subject_type: given.default_for === undefined ? 'client' : 'user',
      ...given,
    }
    const exists = [...grants.values()].some((other) =>
      IDENTITY.every((name) => other[name] === grant[name]),
    )
    if (exists) throw new TenantError(409, 'client_grant_conflict', 'The grant exists already')
    grants.set(grant.id, grant)
    return grant
  }
  const patch = (call: ApiCall): Management.UpdateClientGrantResponseContent => {
    const changed = { ...get(call), ...parseBody(update, call.body) }
    grants.set(changed.id, changed)
    return changed
  }
  const remove = ({ id }: ApiCall): undefined => void grants.delete(id)

  const all = /^\/client-grants$/
  const one = /^\/client-grants\/([^/]+)$/
  return [
    { method: 'GET', path: all, answer: list },
    { method: 'GET', path: one, answer: get },
    { method: 'POST', path: all, answer: post, status: 201, description: 'Create client grant' },
    { method: 'PATCH', path: one, answer: patch, description: 'Update client grant' },
    {
      method: 'DELETE',
      path: one,
      answer: remove,
      status: 204,
      description: 'Delete client grant',
    },
  ]
}
