import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { provisionCommand } from '../../../deploy/commands/provision.ts'
import { connect } from '../../../deploy/connect/connect.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import type { System } from '../../../deploy/local/system.ts'
import { type DoctorReport, doctorReport } from '../../support/auth0/doctor.ts'
import { adminOf } from '../../support/auth0/tenant-admin.ts'
import { ALICE } from '../../support/people.ts'
import { startOnFreePorts } from '../../support/system.ts'

interface State {
  readonly name: string
  /** The traits of the Auth0 emulator. */
  readonly traits?: Readonly<Record<string, unknown>>
  readonly args?: readonly string[]
  /** The ids of the warnings. */
  readonly warnings?: readonly string[]
  /** Whether the client of `--predefined` connects and no client registers. */
  readonly isPredefined?: boolean
}

const REFUSED = { logStreams: 'refused' }
const PREDEFINED = { args: ['--iss', '--predefined'], isPredefined: true }

const STATES: readonly State[] = [
  { name: 'a new strict tenant with the client marker' },
  { name: 'a tenant without the client marker', traits: { clientMarker: false } },
  {
    name: 'a legacy permissive tenant that does not show its security mode',
    traits: { mode: 'permissive' },
  },
  {
    name: 'a tenant that refuses the security mode setting',
    traits: { securityModeSetting: 'refused' },
  },
  {
    name: 'a tenant that refuses promotions',
    traits: { mode: 'permissive', promotion: 403 },
    warnings: ['promotion_refused'],
  },
  { name: 'a tenant with iss in authorization responses', args: ['--iss'] },
  { name: 'a tenant with a predefined client', ...PREDEFINED },
  {
    name: 'a tenant with a predefined client and without log streams',
    traits: REFUSED,
    ...PREDEFINED,
  },
]

const WITHOUT_STREAM: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  readonly string[],
])[] = [
  ['curated metadata', { AUTH_SERVER_METADATA: 'curated' }, []],
  [
    'open access',
    { THIRD_PARTY_ACCESS: 'open' },
    // Open access admits no single clients, so they keep Auth0's default leeway.
    ['refresh_token_leeway_zero', 'third_party_access_open'],
  ],
]

const systems: System[] = []
afterAll(async () => {
  for (const system of systems) await system.stop()
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<System> {
  const system = await startOnFreePorts(env)
  systems.push(system)
  return system
}

/** Resets the emulator to a new Auth0 tenant with these traits, and runs provision. */
async function provisioned(system: System, { traits = {}, args = [] }: Omit<State, 'name'>) {
  const permissions = { 'alice@example.com': ['events:read', 'events:write'] }
  await adminOf(system.tenant).change({ empty: true, ...traits, userPermissions: permissions })
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const all = ['--apply', ...args]
  await runCommand(provisionCommand, { args: all, env: system.variables, write, writeError: write })
  return said.join('')
}

/** Connects as ChatGPT does, with the predefined client if `isPredefined`. */
async function connects(system: System, isPredefined = false): Promise<void> {
  const { clients } = await adminOf(system.tenant).state()
  const predefined = clients.find(({ name }) => name === 'ChatGPT (predefined)')?.client_id
  const { steps } = await connect({
    url: `${system.url}/mcp`,
    person: ALICE,
    clientId: isPredefined ? predefined : undefined,
    onStep: () => undefined,
    openBrowser: () => expect.unreachable('no browser is needed at the local tenant'),
  })
  expect(steps.filter((step) => !step.ok)).toEqual([])
}

/** Runs doctor with the client for token exchange that `provision` created. */
async function examine(system: System): Promise<DoctorReport> {
  const { clients } = await adminOf(system.tenant).state()
  const exchange = clients.find(({ name }) => name?.startsWith('Gateway at '))?.client_id
  const env = { ...system.variables, ...(exchange && { OBO_CLIENT_ID: exchange }) }
  return doctorReport([system.url], { env })
}

const shown = ({ findings }: DoctorReport) =>
  findings.map(({ id, severity }) => `${severity} ${id}`).sort()

const byName = STATES.map((state) => [state.name, state] as const)

describe('after provision --apply', () => {
  let system: System
  beforeAll(async () => {
    system = await start()
  })
  afterEach(() => adminOf(system.tenant).change({ reset: true }))

  test.each(byName)(
    'reports no error for %s',
    async (_, { warnings = [], isPredefined, ...state }) => {
      const said = await provisioned(system, state)
      const expected = warnings.map((id) => `warning ${id}`)
      const fresh = await examine(system)
      expect(fresh.ok, said + shown(fresh).join(', ')).toBe(true)
      await connects(system, isPredefined)
      expect(shown(await examine(system))).toEqual(expected)
    },
  )

  test('reports only that the plan has no log streams', async () => {
    await provisioned(system, { traits: REFUSED })
    const { findings } = await examine(system)
    expect(findings).toMatchObject([{ id: 'log_streams_not_in_plan', severity: 'error' }])
  })
})

test.each(WITHOUT_STREAM)(
  'reports no error without log streams but with %s',
  async (_, env, expected) => {
    const system = await start(env)
    const said = await provisioned(system, { traits: REFUSED })
    await connects(system)
    expect(shown(await examine(system)), said).toEqual(expected.map((id) => `warning ${id}`))
  },
)
