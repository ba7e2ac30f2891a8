import { randomBytes } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { tooMany } from '../client.ts'
import { given } from '../control/faults.ts'
import { TenantError } from '../http.ts'
import { findApi } from '../oauth/access.ts'
import type { TenantGrant, TenantState } from '../state.ts'
import { findClient } from './clients.ts'
import { CHECKPOINT, type Listed, listed, OFFSET } from './list.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from './route.ts'

const changeable = {
  scope: z.array(z.string()).optional(),
  allow_all_scopes: z.boolean().optional(),
  organization_usage: z.enum(['deny', 'allow', 'require']).optional(),
  allow_any_organization: z.boolean().optional(),
  authorization_details_types: z.array(z.string()).optional(),
} satisfies Schemas<Management.UpdateClientGrantRequestContent>

const update = z.strictObject(changeable)
const create = z
  .strictObject({
    ...changeable,
    audience: z.string(),
    client_id: z.string().optional(),
    default_for: z.literal('third_party_clients').optional(),
    subject_type: z.enum(['client', 'user']).optional(),
  } satisfies Schemas<Management.CreateClientGrantRequestContent>)
  .refine(
    ({ client_id, default_for }) => (client_id === undefined) !== (default_for === undefined),
    'must have either client_id or default_for',
  )

const IDENTITY = ['client_id', 'default_for', 'audience', 'subject_type'] as const

/** The endpoints at `/client-grants`. */
export function grantRoutes(state: TenantState): readonly Route[] {
  const { grants } = state
  const get = ({ id }: ApiCall): TenantGrant =>
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
    const wanted = parseBody(create, body)
    if (wanted.client_id !== undefined) findClient(state, wanted.client_id)
    const subject_type = wanted.subject_type ?? 'client'
    checkScopes(wanted, wanted)
    const id = `cgr_${randomBytes(8).toString('hex')}`
    const grant: TenantGrant = { id, scope: [], ...given(wanted), subject_type }
    checkGrant(state, grant)
    const exists = [...grants.values()].some((other) =>
      IDENTITY.every((name) => other[name] === grant[name]),
    )
    if (exists) {
      const message = 'A resource server authorization exists already for this client and audience'
      throw new TenantError(409, 'client_grant_conflict', message)
    }
    checkLimit(state)
    grants.set(id, grant)
    return grant
  }
  const patch = (call: ApiCall): Management.UpdateClientGrantResponseContent => {
    const wanted = parseBody(update, call.body)
    const grant: TenantGrant = { ...get(call), ...given(wanted) }
    checkScopes(grant, wanted)
    checkGrant(state, grant)
    grants.set(grant.id, grant)
    return grant
  }
  const remove = ({ id }: ApiCall): undefined => void grants.delete(id)

  const many = '/client-grants'
  const one = '/client-grants/:id'
  const query = [...CHECKPOINT, ...OFFSET, ...IDENTITY, 'allow_any_organization']
  return [
    { method: 'GET', path: many, scopes: ['read:client_grants'], query, answer: list },
    { method: 'GET', path: one, scopes: ['read:client_grants'], answer: get },
    {
      method: 'POST',
      path: many,
      scopes: ['create:client_grants'],
      status: 201,
      answer: post,
      description: 'Create client grant',
    },
    {
      method: 'PATCH',
      path: one,
      scopes: ['update:client_grants'],
      answer: patch,
      description: 'Update client grant',
    },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:client_grants'],
      status: 204,
      answer: remove,
      description: 'Delete client grant',
    },
  ]
}

/** @throws TenantError 403 if the limit of client grants has been reached. */
function checkLimit({ grants, traits, management }: TenantState): void {
  const { clientGrantLimit } = traits
  const own = [...grants.values()].filter(({ client_id }) => client_id !== management.clientId)
  if (clientGrantLimit !== null && own.length >= clientGrantLimit) throw tooMany()
}

/** @throws TenantError for an API that does not exist or does not allow such a grant. */
function checkGrant(state: TenantState, grant: TenantGrant): void {
  const api = found(findApi(state, grant.audience), 'inexistent_resource_server', 'resource server')
  const isForUsers = grant.subject_type === 'user'
  if (api.is_system === true && isForUsers) {
    throw refuse('System APIs cannot be granted')
  }
  if (isForUsers && api.subject_type_authorization.user?.policy === 'deny_all') {
    throw refuse('The API allows no access on behalf of users')
  }
  const known = new Set(api.scopes.map(({ value }) => value))
  const unknown = (grant.scope ?? []).filter((scope) => !known.has(scope))
  if (unknown.length > 0) throw refuse(`The API has no scope ${unknown.join(', ')}`)
}

/** @throws TenantError for scopes together with `allow_all_scopes`. */
function checkScopes(
  { allow_all_scopes }: Pick<TenantGrant, 'allow_all_scopes'>,
  { scope = [] }: z.infer<typeof update>,
): void {
  if (allow_all_scopes !== true || scope.length === 0) return
  throw refuse('scope must be empty when allow_all_scopes is true')
}

function refuse(message: string): TenantError {
  return new TenantError(400, 'invalid_body', message)
}
