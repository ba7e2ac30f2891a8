import type { Management } from 'auth0'
import type { z } from 'zod'
import { given } from '../control/faults.ts'
import { TenantError } from '../http.ts'
import { newApi } from '../resource-server.ts'
import type { TenantApi, TenantState } from '../state.ts'
import { type Listed, listed, OFFSET } from './list.ts'
import { apiCreate, apiUpdate } from './resource-server-schema.ts'
import { type ApiCall, found, parseBody, type Route } from './route.ts'

/** The endpoints at `/resource-servers`, which accept an ID or an identifier. */
export function apiRoutes({ apis, grants }: TenantState): readonly Route[] {
  const all = () => [...apis.values()]
  const get = ({ id }: ApiCall): TenantApi => {
    const api = all().find((candidate) => candidate.id === id || candidate.identifier === id)
    return found(api, 'inexistent_resource_server', 'resource server')
  }
  /** @throws TenantError 400 for Auth0's own API. */
  const getOwn = (call: ApiCall): TenantApi => {
    const api = get(call)
    if (api.is_system !== true) return api
    throw new TenantError(400, 'operation_not_supported', 'System APIs cannot be changed')
  }
  const list = ({ query }: ApiCall): Listed<Management.ResourceServer, 'resource_servers'> => {
    const identifiers = query.getAll('identifiers').flatMap((value) => value.split(','))
    const isAsked = ({ identifier }: TenantApi) => identifiers.includes(identifier)
    const matching = identifiers.length === 0 ? all() : all().filter(isAsked)
    return listed(matching, query, 'resource_servers')
  }
  const post = ({ body }: ApiCall): Management.CreateResourceServerResponseContent => {
    const { identifier, ...rest } = parseBody(apiCreate, body)
    if (all().some((other) => other.identifier === identifier)) {
      const message = 'A resource server with the same identifier already exists'
      throw new TenantError(409, 'resource_server_conflict', message)
    }
    const api = changed(newApi(identifier), rest)
    apis.set(api.id, api)
    return api
  }
  const patch = (call: ApiCall): Management.UpdateResourceServerResponseContent => {
    const api = changed(getOwn(call), parseBody(apiUpdate, call.body))
    apis.set(api.id, api)
    return api
  }
  const remove = (call: ApiCall): undefined => {
    // Auth0 returns 204 even if the API does not exist.
    if (!all().some(({ id, identifier }) => id === call.id || identifier === call.id)) return
    const { id, identifier } = getOwn(call)
    apis.delete(id)
    for (const grant of [...grants.values()]) {
      if (grant.audience === identifier) grants.delete(grant.id)
    }
  }

  const many = '/resource-servers'
  const one = '/resource-servers/:id'
  return [
    {
      method: 'GET',
      path: many,
      scopes: ['read:resource_servers'],
      query: [...OFFSET, 'identifiers', 'include_fields'],
      answer: list,
    },
    {
      method: 'GET',
      path: one,
      scopes: ['read:resource_servers'],
      query: ['include_fields'],
      answer: get,
    },
    {
      method: 'POST',
      path: many,
      scopes: ['create:resource_servers'],
      status: 201,
      answer: post,
      description: 'Create a resource server',
    },
    {
      method: 'PATCH',
      path: one,
      scopes: ['update:resource_servers'],
      answer: patch,
      description: 'Update a resource server',
    },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:resource_servers'],
      status: 204,
      answer: remove,
      description: 'Delete a resource server',
    },
  ]
}

function changed(api: TenantApi, changes: z.infer<typeof apiUpdate>): TenantApi {
  const subjects = { ...api.subject_type_authorization, ...changes.subject_type_authorization }
  const { scopes = api.scopes, ...others } = given(changes)
  return { ...api, ...others, scopes, subject_type_authorization: subjects }
}
