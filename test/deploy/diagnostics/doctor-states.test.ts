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
  /** Changes of the Auth0 emulator. */
  readonly traits?: Readonly<Record<string, unknown>>
  readonly args?: readonly string[]
  /** The expected warnings of doctor. */
  readonly warnings?: readonly string[]
  /** The client of `--predefined` connects instead of a registered one. */
  readonly isPredefined?: boolean
}

const REFUSED = { logStreams: 'refused' }
const PREDEFINED = { args: ['--iss', '--predefined'], isPredefined: true }

const STATES: readonly State[] = [
  { name: 'a new strict tenant' },
  { name: 'a tenant without client markers', traits: { clientMarker: false } },
  {
    name: 'a permissive tenant',
    traits: { mode: 'permissive' },
  },
  { name: 'a tenant that rejects the mode', traits: { securityModeSetting: 'refused' } },
  {
    name: 'a tenant that rejects promotions',
    traits: { mode: 'permissive', promotion: 403 },
    warnings: ['promotion_refused'],
  },
  { name: 'a tenant that sends iss', args: ['--iss'] },
  { name: 'a tenant with a predefined client', ...PREDEFINED },
  {
    name: 'a predefined client, no log streams',
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
    // Without admission, registered clients keep the leeway that Auth0 sets.
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

/** Empties the tenant, applies the traits and runs `provision --apply`. Returns its output. */
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

/** Runs doctor with the token exchange client that `provision` created. */
async function examine(system: System): Promise<DoctorReport> {
  const { clients } = await adminOf(system.tenant).state()
  const exchange = clients.find(({ name }) => name?.startsWith('Gateway at '))?.client_id
  const env = { ...system.variables, ...(exchange && { OBO_CLIENT_ID: exchange }) }
  return doctorReport([system.url], { env })
}

const shown = ({ findings }: DoctorReport) =>
  findings.map(({ id, severity }) => `${severity} ${id}`).sort()

describe('doctor after provision --apply', () => {
  let system: System
  beforeAll(async () => {
    system = await start()
  })
  afterEach(() => adminOf(system.tenant).change({ reset: true }))

  test.each(STATES)(
    'reports no error in $name',
    async ({ warnings = [], isPredefined, ...state }) => {
      const said = await provisioned(system, state)
      const expected = warnings.map((id) => `warning ${id}`)
      const fresh = await examine(system)
      expect(fresh.ok, said + shown(fresh).join(', ')).toBe(true)
      await connects(system, isPredefined)
      expect(shown(await examine(system))).toEqual(expected)
    },
  )

  test('reports only the missing log streams if the Auth0 plan has none', async () => {
    await provisioned(system, { traits: REFUSED })
    const { findings } = await examine(system)
    expect(findings).toMatchObject([{ id: 'log_streams_not_in_plan', severity: 'error' }])
  })
})

test.each(WITHOUT_STREAM)(
  'doctor reports no error without log streams with %s',
  async (_, env, expected) => {
    const system = await start(env)
    const said = await provisioned(system, { traits: REFUSED })
    await connects(system)
    expect(shown(await examine(system)), said).toEqual(expected.map((id) => `warning ${id}`))
  },
)
