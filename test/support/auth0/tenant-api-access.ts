type Json = Record<string, unknown>

interface Call {
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Json
}

/** What of the tenant these operations read and change. */
interface Access {
  readonly tenant: {
    readonly apis: readonly Json[]
    readonly clients: Json[]
    readonly connections: readonly (Json & { readonly enabled: readonly string[] })[]
    readonly roles: (Json & { permissions: Json[] })[]
    readonly organizations: readonly (Json & { readonly connections: string[] })[]
  }
  readonly staged: { readonly registerInvalid?: boolean; readonly documentName?: string }
  readonly faults: string[]
}

const PAGES = ['page', 'per_page', 'include_totals']

/** Roles, organizations and imported metadata documents of the tenant that the tests provision. */
export function accessOperations(
  { tenant, staged, faults }: Access,
  newId: (prefix: string) => string,
) {
  const ok = (body?: unknown, status = 200) => ({ status, body })
  const missing = { status: 404, body: { statusCode: 404, error: 'Not Found', message: 'None' } }
  const roleOf = (id: string) => tenant.roles.find((one) => one['id'] === id)
  const sameAs = (one: Json) => (other: Json) =>
    one['permission_name'] === other['permission_name'] &&
    one['resource_server_identifier'] === other['resource_server_identifier']

  return {
    'GET /roles': {
      scope: 'read:roles',
      query: ['name_filter', ...PAGES],
      run: ({ query }: Call) => {
        const filter = query.get('name_filter') ?? ''
        const roles = tenant.roles.filter(({ name }) => String(name).includes(filter))
        return ok({ roles, start: 0, limit: 100, total: roles.length })
      },
    },
    'POST /roles': {
      scope: 'create:roles',
      fields: ['name', 'description'],
      run: ({ body }: Call) => {
        const made = { id: newId('rol'), ...body, permissions: [] as Json[] }
        tenant.roles.push(made)
        return ok(made)
      },
    },
    'GET /roles/:id/permissions': {
      scope: 'read:roles',
      query: PAGES,
      run: ({ id }: Call) => {
        const permissions = roleOf(id)?.permissions
        return permissions === undefined
          ? missing
          : ok({ permissions, start: 0, limit: 100, total: permissions.length })
      },
    },
    'POST /roles/:id/permissions': {
      scope: 'update:roles',
      fields: ['permissions'],
      run: ({ id, body }: Call) => {
        const asked = body['permissions'] as Json[]
        for (const { resource_server_identifier: api, permission_name: name } of asked) {
          const scopes = tenant.apis.find(({ identifier }) => identifier === api)?.['scopes']
          if (!(scopes as Json[] | undefined)?.some(({ value }) => value === name)) {
            return { status: 400, body: { statusCode: 400, message: `No permission ${name}` } }
          }
        }
        const held = roleOf(id)?.permissions
        held?.push(...asked.filter((one) => !held.some(sameAs(one))))
        return held === undefined ? missing : ok(undefined, 201)
      },
    },
    'DELETE /roles/:id/permissions': {
      scope: 'update:roles',
      fields: ['permissions'],
      run: ({ id, body }: Call) => {
        const role = roleOf(id)
        if (role === undefined) return missing
        const asked = body['permissions'] as Json[]
        role.permissions = role.permissions.filter((one) => !asked.some(sameAs(one)))
        return ok(undefined, 204)
      },
    },
    'GET /organizations/:id': {
      scope: 'read:organizations',
      run: ({ id }: Call) => {
        const { connections: _, ...found } = organizationOf(id) ?? {}
        return 'id' in found ? ok(found) : missing
      },
    },
    'PATCH /organizations/:id': {
      scope: 'update:organizations',
      fields: ['third_party_client_access'],
      run: ({ id, body }: Call) => ok(Object.assign(organizationOf(id) ?? {}, body)),
    },
    'GET /organizations/:id/enabled_connections': {
      scope: 'read:organization_connections',
      query: PAGES,
      run: ({ id }: Call) => {
        const enabled_connections = (organizationOf(id)?.connections ?? []).map(
          (connection_id) => ({ connection_id }),
        )
        const total = enabled_connections.length
        return ok({ enabled_connections, start: 0, limit: 100, total })
      },
    },
    'POST /organizations/:id/enabled_connections': {
      scope: 'create:organization_connections',
      fields: ['connection_id', 'assign_membership_on_login', 'show_as_button'],
      run: ({ id, body }: Call) => {
        organizationOf(id)?.connections.push(String(body['connection_id']))
        return ok(body, 201)
      },
    },
    'GET /clients/:id/connections': {
      scope: 'read:connections',
      query: ['take', 'from'],
      run: ({ id }: Call) => {
        const connections = tenant.connections
          .filter(({ enabled }) => enabled.includes(id))
          .map(({ enabled: _, ...connection }) => connection)
        return ok({ connections })
      },
    },
    'POST /clients/cimd/preview': {
      scope: 'create:clients',
      fields: ['external_client_id'],
      run: ({ body }: Call) => ok(mappedFrom(body['external_client_id'])),
    },
    'POST /clients/cimd/register': {
      scope: 'create:clients',
      fields: ['external_client_id'],
      run: ({ body: { external_client_id } }: Call) => {
        const { mapped_fields, validation } = mappedFrom(external_client_id)
        const same = tenant.clients.find((one) => one['external_client_id'] === external_client_id)
        const client_id = String(same?.['client_id'] ?? newId('tpc'))
        if (staged.registerInvalid === true) {
          const refused = { valid: false, violations: ['client_name is missing'], warnings: [] }
          return ok({ client_id, mapped_fields, validation: refused }, 201)
        }
        const fields = { ...mapped_fields, client_id, is_first_party: false }
        const marker = { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' }
        // Auth0's defaults for a strict client.
        const refresh_token = { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0 }
        if (same === undefined) tenant.clients.push({ ...fields, ...marker, refresh_token })
        else Object.assign(same, fields)
        return ok({ client_id, mapped_fields, validation }, same === undefined ? 201 : 200)
      },
    },
  }

  function organizationOf(id: string) {
    return tenant.organizations.find((one) => one['id'] === id)
  }

  function mappedFrom(url: unknown) {
    if (typeof url !== 'string') faults.push('external_client_id')
    const violations = String(url).includes('invalid') ? ['client_name is missing'] : []
    const validation = { valid: violations.length === 0, violations, warnings: [] }
    const mapped_fields = {
      external_client_id: url,
      name: staged.documentName ?? 'ChatGPT',
      callbacks: ['https://chatgpt.com/connector_platform_oauth_redirect'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      app_type: 'regular_web',
    }
    return { mapped_fields, validation }
  }
}
