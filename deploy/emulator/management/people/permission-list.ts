import type { Management } from 'auth0'
import { z } from 'zod'
import { TenantError } from '../../http.ts'
import { findApi } from '../../oauth/access.ts'
import type { TenantState } from '../../state.ts'
import type { Schemas } from '../route.ts'

/** The body that assigns permissions to a role or a user, or removes them. */
export const permissionList = z.strictObject({
  permissions: z
    .array(
      z.strictObject({
        resource_server_identifier: z.string(),
        permission_name: z.string().min(1),
      } satisfies Schemas<Management.PermissionRequestPayload>),
    )
    .min(1),
})

/** @throws TenantError 404 for an unknown API, 400 for an unknown scope. */
export function checkPermissions(
  state: TenantState,
  permissions: z.infer<typeof permissionList>['permissions'],
): void {
  for (const { resource_server_identifier: identifier, permission_name } of permissions) {
    const api = findApi(state, identifier)
    if (api === undefined) {
      const message = `The resource server ${identifier} does not exist`
      throw new TenantError(404, 'inexistent_resource_server', message)
    }
    if (!api.scopes.some(({ value }) => value === permission_name)) {
      const message = `The API ${identifier} has no permission ${permission_name}`
      throw new TenantError(400, 'invalid_body', message)
    }
  }
}
