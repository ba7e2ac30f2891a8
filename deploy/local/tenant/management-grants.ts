import { randomBytes } from 'node:crypto'
import type { Management } from 'auth0'
import { TenantError } from './http.ts'
import { found, page, type Route, refuseUnknown } from './management-api.ts'
import type { TenantGrant, TenantState } from './state.ts'

const CREATABLE = [
  ...['client_id', 'audience', 'scope', 'organization_usage', 'allow_any_organization'],
  ...['subject_type', 'allow_all_scopes', 'default_for', 'authorization_details_types'],
] as const satisfies readonly (keyof Management.CreateClientGrantRequestContent)[]
const UPDATABLE = [
  ...['scope', 'organization_usage', 'allow_any_organization', 'allow_all_scopes'],
] as const satisfies readonly (keyof Management.UpdateClientGrantRequestContent)[]
const FILTERS = ['client_id', 'audience', 'subject_type', 'default_for'] as const

/** `/client-grants` */
export function grantRoutes({ grants, clients, audience }: TenantState): readonly Route[] {
  const get = (id: string) => found(grants.get(id), 'inexistent_client_grant', 'client grant')
  return [
    [
      'GET',
      /^\/client-grants$/,
      ({ query }) => {
        const listed = [...grants.values()].filter((grant) =>
          FILTERS.every((name) => !query.has(name) || grant[name] === query.get(name)),
        )
        return { status: 200, value: page(listed, query, 'client_grants') }
      },
    ],
    [
      'POST',
      /^\/client-grants$/,
      ({ body }) => {
        refuseUnknown(body, CREATABLE)
        const given = body as Partial<Management.CreateClientGrantRequestContent>
        if ((given.client_id === undefined) === (given.default_for === undefined)) {
          throw new TenantError(400, 'invalid_body', 'Give either client_id or default_for')
        }
        if (given.client_id !== undefined) {
          found(clients.get(given.client_id), 'inexistent_client', 'client')
        }
        if (given.audience !== audience) {
          throw new TenantError(404, 'inexistent_resource_server', 'No such resource server')
        }
        const exists = [...grants.values()].some((grant) =>
          FILTERS.every((name) => grant[name] === given[name]),
        )
        if (exists) throw new TenantError(409, 'client_grant_conflict', 'The grant exists already')
        const grant = { id: `cgr_${randomBytes(8).toString('hex')}`, ...given } as TenantGrant
        grants.set(grant.id, grant)
        return { status: 201, value: grant }
      },
    ],
    [
      'PATCH',
      /^\/client-grants\/([^/]+)$/,
      ({ id, body }) => {
        refuseUnknown(body, UPDATABLE)
        const changed = { ...get(id), ...body }
        grants.set(id, changed)
        return { status: 200, value: changed }
      },
    ],
    [
      'DELETE',
      /^\/client-grants\/([^/]+)$/,
      ({ id }) => {
        grants.delete(id)
        return { status: 204 }
      },
    ],
  ]
}
