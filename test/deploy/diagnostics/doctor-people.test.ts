import { expect, test } from 'vitest'
import { byName, type Case, expectFindings } from '../../support/auth0/doctor-case.ts'
import {
  all,
  ORGANIZATION,
  organization,
  permissionsUnassigned,
  rolePermissions,
  withoutRole,
  withoutUsers,
} from '../../support/auth0/doctor-changes.ts'
import { doctorForAllTests } from '../../support/auth0/doctor-tenant.ts'

const { examine } = doctorForAllTests()

const FAULTS: readonly Case[] = [
  {
    name: 'users without permissions',
    change: permissionsUnassigned,
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'a tenant without roles and users',
    change: all(withoutRole, withoutUsers),
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'a role that lacks a permission of the API',
    change: rolePermissions('events:read'),
    warnings: ['role_permissions_missing'],
  },
  {
    name: 'an organization that blocks third-party clients',
    change: organization({ third_party_client_access: 'block' }),
    env: ORGANIZATION,
    errors: ['organization_third_party_access'],
  },
  {
    name: 'an organization without the login connection',
    change: organization({}, 'other'),
    args: ['--organization', 'org_a'],
    errors: ['organization_connection_missing'],
  },
  {
    name: 'an organization that does not exist',
    change: () => undefined,
    env: ORGANIZATION,
    errors: ['organization_missing'],
  },
]

test.each(byName(FAULTS))('reports %s', async (_, one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

test('counts one user in the singular', async () => {
  const change = all(permissionsUnassigned, ({ users }) => void users.splice(1))
  const { findings } = await examine(change)
  expect(findings.map(({ seen }) => seen)).toEqual([
    expect.stringContaining(
      '; no permission of the API is assigned to the 1 user who signed in last',
    ),
  ])
})

const HEALTHY: readonly Case[] = [
  {
    name: 'permissions that are assigned directly to a user',
    change: withoutRole,
  },
  {
    name: 'an organization that allows third-party clients',
    change: organization(),
    env: ORGANIZATION,
  },
]

test.each(byName(HEALTHY))('reports nothing for %s', async (_, { change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})
