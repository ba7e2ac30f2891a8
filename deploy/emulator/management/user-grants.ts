import type { Management } from 'auth0'
import { TenantError } from '../http.ts'
import type { TenantState, TenantUserGrant } from '../state.ts'
import { type Listed, listed, OFFSET } from './list.ts'
import type { ApiCall, Route } from './route.ts'

/** The endpoints at `/grants`, for the consents of users. `revoke` revokes the tokens of a grant. */
export function userGrantRoutes(
  { userGrants }: TenantState,
  revoke: (grant: TenantUserGrant) => void,
): readonly Route[] {
  const list = ({ query }: ApiCall): Listed<Management.UserGrant, 'grants'> => {
    const asked = (name: string, value: unknown) => !query.has(name) || query.get(name) === value
    const matching = [...userGrants.values()].filter(
      ({ user_id, clientID, audience }) =>
        asked('user_id', user_id) && asked('client_id', clientID) && asked('audience', audience),
    )
    const shown = matching.map(({ issued: _, ...grant }) => grant)
    return listed<Management.UserGrant, 'grants'>(shown, query, 'grants')
  }
  const forget = (grant: TenantUserGrant) => {
    revoke(grant)
    userGrants.delete(grant.id)
  }
  const removeOfUser = ({ query }: ApiCall): undefined => {
    const userId = query.get('user_id')
    if (userId === null) {
      throw new TenantError(400, 'invalid_query_string', 'Missing required property: user_id')
    }
    for (const grant of [...userGrants.values()]) if (grant.user_id === userId) forget(grant)
  }
  const remove = ({ id }: ApiCall): undefined => {
    const grant = userGrants.get(id)
    if (grant !== undefined) forget(grant)
  }

  const many = '/grants'
  const query = [...OFFSET, 'user_id', 'client_id', 'audience']
  const description = 'Delete a grant'
  return [
    { method: 'GET', path: many, scopes: ['read:grants'], query, answer: list },
    {
      method: 'DELETE',
      path: many,
      scopes: ['delete:grants'],
      query: ['user_id'],
      status: 204,
      answer: removeOfUser,
      description,
    },
    {
      method: 'DELETE',
      path: '/grants/:id',
      scopes: ['delete:grants'],
      status: 204,
      answer: remove,
      description,
    },
  ]
}
