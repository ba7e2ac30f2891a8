import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  alertOf,
  CALLBACK,
  refusal,
  tenantForThisFile,
} from '../../support/auth0/local-tenant.ts'
import { BOB } from '../../support/people.ts'

const tenant = await tenantForThisFile()
let clientId: string
beforeEach(async () => {
  clientId = await tenant.registered()
  await tenant.admit(clientId)
})

const bobs = 'auth0|bob'
const permission = (name: string) => ({
  resource_server_identifier: AUDIENCE,
  permission_name: name,
})
const claimsOf = async (asked = {}, who = BOB) =>
  decodeJwt((await tenant.connect(clientId, asked, who)).access_token)

describe('roles in the Auth0 emulator', () => {
  test('add permissions to the direct permissions of their users', async () => {
    const { roles, users } = tenant.management
    await tenant.admin.change({ userPermissions: { 'bob@example.com': [] } })
    expect(await claimsOf()).toMatchObject({ scope: '', permissions: [] })

    const role = await roles.create({ name: 'Calendar', description: 'All of it' })
    const id = role.id ?? ''
    expect(role).toMatchObject({ id: expect.stringMatching(/^rol_/), name: 'Calendar' })
    const permissions = [permission('events:read'), permission('events:write')]
    await roles.permissions.add(id, { permissions })
    await roles.permissions.add(id, { permissions })
    await roles.users.assign(id, { users: [bobs] })
    expect((await roles.permissions.list(id)).data).toMatchObject([
      { permission_name: 'events:read', description: 'Read events', resource_server_name: 'MCP' },
      { permission_name: 'events:write' },
    ])
    expect((await roles.users.list(id)).data).toMatchObject([{ user_id: bobs }])
    expect((await users.roles.list(bobs)).data).toMatchObject([{ id }])
    expect(await claimsOf()).toMatchObject({
      scope: 'events:read events:write',
      permissions: ['events:read', 'events:write'],
    })

    await roles.permissions.delete(id, { permissions: [permission('events:write')] })
    expect(await claimsOf()).toMatchObject({ permissions: ['events:read'] })
    await users.roles.delete(bobs, { roles: [id] })
    expect(await claimsOf()).toMatchObject({ permissions: [] })
  })

  test('have unique names and can be listed by name, updated and deleted', async () => {
    const { roles } = tenant.management
    const { id = '' } = await roles.create({ name: 'Calendar' })
    expect(await refusal(roles.create({ name: 'Calendar' }))).toMatchObject({ statusCode: 409 })
    await roles.create({ name: 'Other' })
    expect((await roles.list({ name_filter: 'calend' })).data).toMatchObject([{ id }])
    await roles.update(id, { description: 'Changed' })
    expect(await roles.get(id)).toEqual({ id, name: 'Calendar', description: 'Changed' })
    await roles.delete(id)
    expect(await refusal(roles.get(id))).toMatchObject({ errorCode: 'inexistent_role' })
  })

  test.each([
    ['an unknown API', { ...permission('x'), resource_server_identifier: 'x' }, 404],
    ['an unknown scope', permission('x'), 400],
  ])('cannot have a permission of %s', async (_, wanted, statusCode) => {
    const { roles } = tenant.management
    const { id = '' } = await roles.create({ name: 'Calendar' })
    const call = roles.permissions.add(id, { permissions: [wanted] })
    expect(await refusal(call)).toMatchObject({ statusCode })
  })
})

describe('users in the Auth0 emulator', () => {
  test('are listed by query and by e-mail address', async () => {
    const { users } = tenant.management
    expect((await users.list()).data).toHaveLength(2)
    const [byQuery, byAddress, one] = [
      (await users.list({ q: 'email:"bob@example.com"', search_engine: 'v3' })).data,
      await users.listUsersByEmail({ email: 'bob@example.com' }),
      await users.get(bobs),
    ]
    expect([byQuery, byAddress]).toEqual([[one], [one]])
    expect((await users.list({ q: 'email:*@example.com', per_page: 1 })).data).toHaveLength(1)
    expect((await users.list({ q: 'email:carol@example.com' })).data).toEqual([])
  })

  test('have direct permissions, which are listed with their sources', async () => {
    const { users, roles } = tenant.management
    const { id = '' } = await roles.create({ name: 'Readers' })
    await roles.permissions.add(id, { permissions: [permission('events:read')] })
    await users.roles.assign(bobs, { roles: [id] })
    await users.permissions.create(bobs, { permissions: [permission('events:write')] })
    const { data } = await users.permissions.list(bobs)
    expect(data).toMatchObject([
      {
        permission_name: 'events:read',
        sources: [{ source_type: 'DIRECT' }, { source_id: id, source_type: 'ROLE' }],
      },
      { permission_name: 'events:write', sources: [{ source_type: 'DIRECT' }] },
    ])
    const permissions = [permission('events:read'), permission('events:write')]
    await users.permissions.delete(bobs, { permissions })
    expect(await claimsOf()).toMatchObject({ scope: 'events:read', permissions: ['events:read'] })
    const unknown = users.permissions.list('auth0|carol')
    expect(await refusal(unknown)).toMatchObject({ errorCode: 'inexistent_user' })
  })

  test('must exist for a change of userPermissions', async () => {
    const change = { outage: true, userPermissions: { 'carol@example.com': [] } }
    await expect(tenant.admin.change(change)).rejects.toThrow('carol@example.com')
    await expect(tenant.management.users.list()).resolves.toBeDefined()
  })
})

describe('an organization in the Auth0 emulator', () => {
  const make = async (changes: object = {}) => {
    const { organizations } = tenant.management
    const made = await organizations.create({ name: 'acme', display_name: 'Acme', ...changes })
    const id = made.id ?? ''
    await organizations.members.create(id, { members: [bobs] })
    return id
  }
  const invalid = (id: string) => `invalid_request: parameter organization is invalid: ${id}`

  test('accepts third-party clients only with third_party_client_access and a domain-level connection', async () => {
    const { organizations } = tenant.management
    const id = await make()
    const signIn = () => tenant.connect(clientId, { organization: id }, BOB)
    expect(await organizations.get(id)).toMatchObject({ third_party_client_access: 'block' })
    expect(await alertOf(signIn())).toBe(invalid(id))
    await organizations.update(id, { third_party_client_access: 'allow' })
    expect(await alertOf(signIn())).toBe(invalid(id))
    const connection_id = await tenant.connection()
    await organizations.enabledConnections.add(id, { connection_id })
    expect(decodeJwt((await signIn()).access_token)).toMatchObject({ org_id: id, sub: bobs })

    await tenant.management.connections.update(connection_id, { is_domain_connection: false })
    expect(await alertOf(signIn())).toBe(invalid(id))
  })

  test('is in the token only if it was requested, and has its own consent', async () => {
    const connection_id = await tenant.connection()
    const id = await make({ enabled_connections: [{ connection_id }] })
    await tenant.management.organizations.update(id, { third_party_client_access: 'allow' })
    expect(await claimsOf()).not.toHaveProperty('org_id')
    const tokens = await tenant.connect(clientId, { organization: id }, BOB)
    const refreshed = await tenant.refresh(clientId, tokens)
    const { access_token } = (await refreshed.json()) as typeof tokens
    expect(decodeJwt(access_token)['org_id']).toBe(id)
    const { data } = await tenant.management.userGrants.list({ client_id: clientId })
    expect(data.map((grant) => grant.organization_id)).toEqual([undefined, id])
  })

  test('accepts only its members, or all users with assign_membership_on_login', async () => {
    const { organizations } = tenant.management
    const connection_id = await tenant.connection()
    const id = await make({ enabled_connections: [{ connection_id }] })
    await organizations.update(id, { third_party_client_access: 'allow' })
    const asked = { organization: id }
    expect(await alertOf(tenant.connect(clientId, asked))).toContain('not part of the')
    await organizations.enabledConnections.update(id, connection_id, {
      assign_membership_on_login: true,
    })
    expect(decodeJwt((await tenant.connect(clientId, asked)).access_token)['org_id']).toBe(id)
    expect((await organizations.members.list(id)).data).toHaveLength(2)
    await organizations.members.delete(id, { members: [bobs] })
    expect((await organizations.members.list(id)).data).toMatchObject([{ user_id: 'auth0|alice' }])
  })

  test('has a unique name and can be read by id and name, listed and deleted', async () => {
    const { organizations } = tenant.management
    const id = await make()
    expect(await refusal(organizations.create({ name: 'acme' }))).toMatchObject({ statusCode: 409 })
    expect(await organizations.getByName('acme')).toEqual(await organizations.get(id))
    expect((await organizations.list()).data).toMatchObject([{ id, display_name: 'Acme' }])
    expect((await organizations.list({ take: 1 })).data).toHaveLength(1)
    const connection_id = await tenant.connection()
    await organizations.enabledConnections.add(id, { connection_id })
    expect((await organizations.enabledConnections.list(id)).data).toMatchObject([
      { connection_id, connection: { name: 'google-oauth2' } },
    ])
    await organizations.enabledConnections.delete(id, connection_id)
    expect((await organizations.enabledConnections.list(id)).data).toEqual([])
    await organizations.delete(id)
    expect(await refusal(organizations.get(id))).toMatchObject({ statusCode: 404 })
  })

  test('accepts first-party clients according to their organization_usage', async () => {
    const { clients, organizations } = tenant.management
    const connection_id = await tenant.connection()
    const id = await make({ enabled_connections: [{ connection_id }] })
    const { client_id = '' } = await clients.create({
      name: 'Predefined',
      callbacks: [CALLBACK],
      token_endpoint_auth_method: 'none',
    })
    const signIn = (asked: Record<string, string>) => tenant.connect(client_id, asked, BOB)
    expect(await alertOf(signIn({ organization: id }))).toContain('not allowed')
    await clients.update(client_id, { organization_usage: 'require' })
    expect(await alertOf(signIn({}))).toContain('parameter organization is required')
    expect(decodeJwt((await signIn({ organization: id })).access_token)['org_id']).toBe(id)
    await clients.update(client_id, { organization_require_behavior: 'post_login_prompt' })
    expect(decodeJwt((await signIn({})).access_token)['org_id']).toBe(id)
    await organizations.delete(id)
    expect(await alertOf(signIn({ organization: id }))).toBe(invalid(id))
  })
})

test('the Management API creates, deploys, binds, lists and deletes actions', async () => {
  const { actions } = tenant.management
  expect((await actions.list()).data).toEqual([])
  const made = await actions.create({
    name: 'give-role',
    supported_triggers: [{ id: 'post-login', version: 'v3' }],
    code: 'exports.onExecutePostLogin = async () => {}',
    secrets: [{ name: 'KEY', value: 'hidden' }],
  })
  const id = made.id ?? ''
  expect(JSON.stringify(made)).not.toContain('hidden')
  expect(made).toMatchObject({ all_changes_deployed: false, status: 'built' })
  await actions.deploy(id)
  expect(await actions.get(id)).toMatchObject({ all_changes_deployed: true })
  const bindings = [
    { ref: { type: 'action_name', value: 'give-role' }, display_name: 'Give' },
  ] as const
  await actions.triggers.bindings.updateMany('post-login', { bindings: [...bindings] })
  expect((await actions.triggers.bindings.list('post-login')).data).toMatchObject([
    { trigger_id: 'post-login', display_name: 'Give', action: { id } },
  ])
  expect((await actions.triggers.list()).triggers).toContainEqual(
    expect.objectContaining({ id: 'post-login', version: 'v3' }),
  )
  await actions.update(id, { code: '' })
  expect(
    (await actions.list({ actionName: 'give-role', triggerId: 'post-login' })).data,
  ).toHaveLength(1)
  await actions.delete(id)
  expect((await actions.triggers.bindings.list('post-login')).data).toEqual([])
})
