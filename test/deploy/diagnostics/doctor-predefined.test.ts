import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctorReport } from '../../support/auth0/doctor.ts'
import {
  type Case,
  closed,
  endless,
  expectFindings,
  noStreams,
  predefined,
  STABLE,
  withIss,
  withoutClients,
  withoutLeeway,
} from '../../support/auth0/doctor-changes.ts'
import {
  both,
  type Change,
  grant,
  tenantOptions,
  type Variables,
  withoutGrants,
} from '../../support/auth0/doctor-tenant.ts'
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
    name: 'a predefined client whose refresh tokens neither rotate nor expire',
    change: predefined({ refresh_token: endless }),
    warnings: ['refresh_tokens_unlimited'],
  },
  {
    name: 'a predefined client whose refresh tokens have no leeway',
    change: predefined({ refresh_token: withoutLeeway }),
    warnings: ['refresh_token_leeway_zero'],
  },
  {
    name: 'a predefined client with the stable redirect URI, without iss',
    change: predefined({ callbacks: [STABLE] }),
    errors: ['predefined_without_iss'],
  },
  {
    name: 'a predefined client with the redirect URI of one connection, with iss',
    change: both(withIss, predefined()),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a predefined client with a redirect URI of nobody, without iss',
    change: predefined({ callbacks: ['https://chatgpt.com/callback'] }),
    errors: ['predefined_redirect_uri'],
  },
  {
    name: 'a predefined client whose grant is from before a tool was added',
    change: both(predefined(), grant('cgr_predefined', { scope: ['events:read'] })),
    errors: ['client_grant_scopes'],
  },
  {
    name: 'a predefined client without a grant',
    change: both(predefined(), withoutGrants('cgr_predefined')),
    errors: ['client_grant_missing'],
  },
  {
    name: 'a predefined client without a login connection',
    change: both(predefined(), () => ({ enabledClients: {} })),
    errors: ['predefined_client_connection'],
  },
]

test.each(FAULTS)('names the fault of a tenant: $name', async (one) => {
  const { change, env, args } = one
  const report = await examine(change, env, args)
  expectFindings(report, one)
})

const HEALTHY: readonly Case[] = [
  { name: 'a predefined client beside registered ones', change: predefined() },
  {
    name: 'a predefined client alone, with registration closed and no log stream',
    change: both(withoutClients, predefined(), closed, noStreams),
  },
  {
    name: 'iss in authorization responses',
    change: both(withoutClients, predefined({ callbacks: [STABLE] }), withIss),
  },
]

test.each(HEALTHY)('is silent about $name', async ({ change, env, args }) => {
  expect((await examine(change, env, args)).findings).toEqual([])
})
