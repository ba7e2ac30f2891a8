import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctorReport } from '../../support/auth0/doctor.ts'
import {
  type Case,
  expectFindings,
  ORGANIZATION,
  organization,
} from '../../support/auth0/doctor-changes.ts'
import { type Change, tenantOptions, type Variables } from '../../support/auth0/doctor-tenant.ts'
import { type Front, startFront } from '../../support/http/front.ts'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

function examine(change: Change, env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], tenantOptions(front.url, change, env))
}

const FAULTS: readonly Case[] = [
  {
    name: 'people without permissions',
    change: ({ roles, people }) => ({
      roles: roles.map((one) => ({ ...one, members: [] })),
      people: people.map((one) => ({ ...one, permissions: [] })),
    }),
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'no role, and no people',
    change: () => ({ roles: [], people: [] }),
    warnings: ['permissions_unassigned'],
  },
  {
    name: 'a role from before a tool was added',
    change: ({ roles }) => ({
      roles: roles.map((one) => ({ ...one, permissions: ['events:read'] })),
    }),
    warnings: ['role_permissions_missing'],
  },
  {
    name: 'an organization that denies third-party clients',
    change: organization({ third_party_client_access: 'block' }),
    env: ORGANIZATION,
    errors: ['organization_third_party_access'],
  },
  {
    name: 'an organization without the login connection',
    change: organization({ connections: ['other'] }),
    args: ['--organization', 'org_a'],
    errors: ['organization_connection_missing'],
  },
  {
    name: 'an organization that does not exist',
    change: () => ({}),
    env: ORGANIZATION,
    errors: ['organization_missing'],
  },
]

test.each(FAULTS)('names the fault of a tenant: $name', async (one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const HEALTHY: readonly Case[] = [
  {
    name: 'permissions that people have without a role',
    change: () => ({ roles: [] }),
  },
  {
    name: 'an organization that allows third-party clients',
    change: organization(),
    env: ORGANIZATION,
  },
]

test.each(HEALTHY)('is silent about $name', async ({ change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})
