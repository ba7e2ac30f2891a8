import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Management as Auth0 } from 'auth0'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClientsIo } from '../../../deploy/auth0/clients/run-clients.ts'
import { clientsCommand } from '../../../deploy/commands/clients.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import { type ClientRegistry, startClientRegistry } from '../../support/auth0/client-registry.ts'
import { CLI } from '../../support/command-line.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const AUDIENCE = 'https://mcp.test/mcp'
const SECRET = 'a-management-secret-for-tests-0123456789'
const CALLBACK = 'https://chatgpt.com/connector/oauth/abc'

let registry: ClientRegistry
beforeEach(async () => {
  registry = await startClientRegistry()
  logged('s', 90, 'somebody-else')
})
afterEach(() => registry[Symbol.asyncDispose]())

interface Shown {
  readonly clients: readonly {
    readonly client_id: string
    readonly dead?: boolean
    readonly reason?: string
    readonly [member: string]: unknown
  }[]
  readonly others: number
  readonly deleted: readonly string[]
  readonly kept: readonly unknown[]
  readonly failures: readonly { readonly scope: string; readonly kind: string }[]
}

function environment() {
  return {
    PUBLIC_URL: 'https://mcp.test',
    MGMT_DOMAIN: registry.domain,
    MGMT_CLIENT_ID: 'mgmt-client',
    MGMT_CLIENT_SECRET: SECRET,
  }
}

async function run(...args: readonly string[]) {
  let written = ''
  let error = ''
  const exitCode = await runCommand<ClientsIo>(clientsCommand, {
    args,
    env: environment(),
    write: (text) => {
      written += text
    },
    writeError: (text) => {
      error += text
    },
    calls: { maxAttempts: 1 },
    now: () => NOW,
  })
  expect(registry.faults).toEqual([])
  expect(written + error).not.toContain(SECRET)
  return { exitCode, written, error, shown: () => JSON.parse(written) as Shown }
}

const prune = (...args: readonly string[]) => run('--prune', '--json', ...args)

function daysAgo(days: number): string {
  return new Date(NOW - days * 86_400_000).toISOString()
}

/** A strict client, registered 60 days ago, that nobody has ever used. */
function client(clientId: string, changes: Auth0.Client = {}): void {
  registry.clients.push({
    client_id: clientId,
    name: 'ChatGPT',
    callbacks: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    is_first_party: false,
    third_party_security_mode: 'strict',
    created_at: daysAgo(60),
    ...changes,
  })
}

/** What a promotion leaves of a permissive client. */
const PROMOTED: Auth0.Client = {
  is_first_party: true,
  third_party_security_mode: 'permissive',
  oidc_conformant: true,
  jwt_configuration: { alg: 'RS256' },
}

const DCR: Auth0.Client = {
  external_metadata_type: 'dcr',
  external_metadata_created_by: 'client',
}
const SELF_CIMD: Auth0.Client = { ...DCR, external_metadata_type: 'cimd' }

function logged(type: string, days: number, clientId: string): void {
  registry.logs.push({ type, date: daysAgo(days), client_id: clientId })
}

function grantedBy(userId: string, clientId: string): void {
  registry.userGrants.push({ id: `gnt_${userId}`, clientID: clientId, user_id: userId })
}

describe('the list', () => {
  test('shows name, redirect, mode, age, people and last use of each', async () => {
    client('tpc_1', { created_at: daysAgo(3) })
    client('plain1', { ...PROMOTED, callbacks: [CALLBACK] })
    grantedBy('auth0|alice', 'tpc_1')
    grantedBy('auth0|bob', 'tpc_1')
    logged('seacft', 2, 'tpc_1')
    logged('sertft', 1, 'tpc_1')
    const { exitCode, shown } = await run('--json')
    expect(exitCode).toBe(0)
    expect(shown().clients).toEqual([
      {
        client_id: 'tpc_1',
        name: 'ChatGPT',
        redirect_uris: [CALLBACK],
        kind: 'unmarked',
        mode: 'strict',
        promoted: false,
        way: 'none',
        created_at: daysAgo(3),
        age_days: 3,
        registered_at: daysAgo(3),
        registered_before: null,
        user_grants: 2,
        last_use: daysAgo(1),
      },
      expect.objectContaining({
        client_id: 'plain1',
        mode: 'permissive',
        promoted: true,
        way: 'promoted',
        user_grants: 0,
        last_use: null,
      }),
    ])
    expect(shown()).toMatchObject({ others: 0, logs_since: daysAgo(90), deleted: [] })
  })

  test('is a table for people, and moves no terminal', async () => {
    client('tpc_1', { name: 'Chat\u001b[2JGPT\u202e', created_at: daysAgo(3) })
    const { written, exitCode } = await run()
    expect(exitCode).toBe(0)
    expect(written).toContain('1 dynamic client, 0 other.')
    expect(written).toMatch(
      /NAME +REDIRECTS TO +KIND +MODE +WAY +AGE +USERS +LAST USE +CLIENT ID\n/,
    )
    expect(written).toMatch(
      /Chat\\u001b\[2JGPT\\u202e +https:\S+abc +DCR\? +strict +none +3 d +0 +not in the logs +tpc_1/,
    )
    expect(written).not.toMatch(/\p{Cf}/u)
    expect(written.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(registry.calls.some((call) => call.startsWith('DELETE'))).toBe(false)
  })

  test('has every page of clients', async () => {
    for (let number = 0; number < 250; number++) client(`tpc_${number}`, { created_at: daysAgo(1) })
    expect((await run('--json')).shown().clients).toHaveLength(250)
  })

  test('of an empty tenant is empty', async () => {
    const { exitCode, written } = await run()
    expect([exitCode, written]).toEqual([0, expect.stringContaining('0 dynamic clients')])
  })
})

describe("Auth0's marker", () => {
  const withoutMode = { third_party_security_mode: undefined }

  test.each([
    { name: 'dcr', changes: DCR, kind: 'dynamic', shown: 'DCR ' },
    { name: 'cimd by itself', changes: SELF_CIMD, kind: 'self_cimd', shown: 'CIMD ' },
    { name: 'none', changes: {}, kind: 'unmarked', shown: 'DCR\\? ' },
  ])('$name: listed and pruned', async ({ changes, kind, shown }) => {
    client('it', changes)
    expect((await run()).written).toMatch(new RegExp(`abc +${shown} *strict +none +60 d`))
    const pruned = await prune('--apply')
    expect(pruned.shown().clients).toMatchObject([{ kind, dead: true }])
    expect(registry.clients).toEqual([])
  })

  test('cimd by an administrator: neither listed nor pruned', async () => {
    client('it', { external_metadata_type: 'cimd', external_metadata_created_by: 'admin' })
    const { shown } = await prune('--apply')
    expect(shown()).toMatchObject({ clients: [], others: 1, deleted: [] })
    expect(registry.clients).toHaveLength(1)
  })

  test.each<{ name: string; changes: Auth0.Client }>([
    { name: 'has lost its security mode', changes: { ...PROMOTED, ...withoutMode } },
    { name: 'redirects elsewhere', changes: { ...PROMOTED, callbacks: ['https://crm.test/cb'] } },
    { name: 'has other grant types', changes: { ...PROMOTED, grant_types: ['implicit'] } },
  ])('recognises a promoted client that $name', async ({ changes }) => {
    client('it', { ...changes, ...DCR })
    const { shown } = await run('--json')
    expect(shown().clients).toMatchObject([{ kind: 'dynamic', promoted: true, way: 'promoted' }])
  })
})

describe('the way in which a client gets the API', () => {
  const ofUsers = { audience: AUDIENCE, subject_type: 'user' } as const

  test.each<{ way: string; grants: Auth0.ClientGrantResponseContent[] }>([
    { way: 'granted', grants: [{ client_id: 'it', ...ofUsers }] },
    { way: 'default', grants: [{ default_for: 'third_party_clients', ...ofUsers }] },
    { way: 'none', grants: [{ client_id: 'other', ...ofUsers }] },
    { way: 'none', grants: [{ client_id: 'it', ...ofUsers, subject_type: 'client' }] },
    { way: 'none', grants: [{ client_id: 'it', ...ofUsers, audience: 'https://crm.test' }] },
    {
      way: 'granted',
      grants: [
        { default_for: 'third_party_clients', ...ofUsers },
        { client_id: 'it', ...ofUsers },
      ],
    },
  ])('$way by $grants', async ({ way, grants }) => {
    client('it', DCR)
    registry.clientGrants.push(...grants)
    expect((await run('--json')).shown().clients).toMatchObject([{ way }])
  })
})

describe('a client of which Auth0 does not say when it was created', () => {
  const undated = (changes: Auth0.Client = DCR) =>
    client('it', { ...changes, created_at: undefined })
  /** `details` as the log stream's records of a registration have them. */
  const registered = (days: number, clientId?: string) =>
    registry.logs.push({
      type: 'sapi',
      description: 'Dynamic client registration',
      date: daysAgo(days),
      details: { response: { body: { client_id: clientId } } },
    })

  test.each([
    { days: 60, dead: true },
    { days: 3, dead: false },
  ])('registered $days days ago, as the logs tell: dead $dead', async ({ days, dead }) => {
    undated()
    registered(days, 'it')
    const { shown } = await prune()
    expect(shown().clients).toMatchObject([
      { dead, created_at: null, registered_at: daysAgo(days), registered_before: null },
    ])
  })

  test('is older than the logs, when they have no registration of it', async () => {
    undated()
    registered(1, 'somebody-else')
    expect((await run()).written).toMatch(/ > 90 d /)
    const { shown } = await prune()
    expect(shown().clients).toMatchObject([
      { dead: true, registered_at: null, registered_before: daysAgo(90) },
    ])
    const kept = (await prune('--older-than', '100d')).shown().clients[0]
    expect(kept).toMatchObject({ dead: false })
    expect(kept?.reason).toMatch(/^registered more than 90 d ago, .* use a shorter --older-than$/)
  })

  test.each([
    { name: 'an entry does not name its client', set: () => void registered(1) },
    {
      name: 'there are more registrations than can be searched',
      set: () => {
        for (let number = 0; number < 1_000; number++) registered(1, `c${number}`)
      },
    },
    { name: 'the logs are empty', set: () => void registry.logs.splice(0) },
  ])('is kept when $name', async ({ set }) => {
    undated()
    set()
    const { shown } = await prune('--older-than', '0d', '--apply')
    expect(shown().clients).toMatchObject([{ dead: false }])
    expect(shown().clients[0]?.reason).toMatch(/registration date is not known/)
  })

  test.each([
    { name: 'registered itself by its document', changes: SELF_CIMD },
    { name: 'has no marker', changes: {} },
  ])('is kept when it $name, of which the logs may have no such entry', async ({ changes }) => {
    undated(changes)
    expect((await prune('--apply')).shown().deleted).toEqual([])
  })

  test('costs the logs one more search, and a dated one none', async () => {
    client('dated', DCR)
    const searches = async () => {
      registry.calls.length = 0
      await run()
      return registry.calls.filter((call) => call === 'GET /logs').length
    }
    expect(await searches()).toBe(2)
    undated()
    expect(await searches()).toBe(4)
  })
})

describe('what no registration has made is not even listed', () => {
  const rows: readonly { name: string; changes: Auth0.Client }[] = [
    {
      name: 'a first-party application',
      changes: { is_first_party: true, callbacks: ['https://crm.test/cb'] },
    },
    {
      name: "a predefined client with ChatGPT's redirect",
      changes: { ...PROMOTED, third_party_security_mode: undefined },
    },
    {
      name: 'a promoted one that redirects elsewhere',
      changes: { ...PROMOTED, callbacks: ['https://crm.test/cb'] },
    },
    {
      name: 'a first-party one that is not as a promotion leaves it',
      changes: { ...PROMOTED, token_endpoint_auth_method: 'client_secret_post' },
    },
    { name: 'a machine', changes: { grant_types: ['client_credentials'] } },
    {
      name: 'an imported one',
      changes: { external_client_id: 'https://chatgpt.com/oauth/client.json' },
    },
    { name: 'the global client', changes: { global: true } },
  ]
  test.each(rows)('$name', async ({ changes }) => {
    const { third_party_security_mode: mode, ...rest } = changes
    const isFirstParty = changes.is_first_party === true
    const kept = 'third_party_security_mode' in changes || isFirstParty ? mode : 'strict'
    client('theirs', { ...rest, third_party_security_mode: kept })
    client('tpc_dead')
    const { shown, exitCode } = await prune('--older-than', '0d', '--apply')
    expect(exitCode).toBe(0)
    expect(shown().deleted).toEqual(['tpc_dead'])
    expect(shown().others).toBe(1)
    expect(registry.clients.map(({ client_id }) => client_id)).toEqual(['theirs'])
  })
})

describe('--prune', () => {
  const dead: readonly { name: string; set: () => void }[] = [
    { name: 'nobody ever used it', set: () => client('it') },
    {
      name: 'its last use is long ago',
      set: () => {
        client('it')
        logged('s', 40, 'it')
      },
    },
    { name: 'a promoted one, as the logs show', set: () => client('it', PROMOTED) },
    { name: 'a foreign one', set: () => client('it', { callbacks: ['https://evil.example/'] }) },
    {
      name: 'one that has only been managed of late',
      set: () => {
        client('it')
        logged('sapi', 1, 'it')
      },
    },
    {
      name: 'one with the grant of its admission',
      set: () => {
        client('it')
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'user' })
      },
    },
  ]
  test.each(dead)('dead: $name', async ({ set }) => {
    set()
    const { exitCode, shown } = await prune()
    expect(exitCode).toBe(0)
    expect(shown().clients).toMatchObject([{ client_id: 'it', dead: true }])
    expect(shown().deleted).toEqual([])
    expect(registry.clients).toHaveLength(1)
    const applied = await prune('--apply')
    expect([applied.exitCode, applied.shown().deleted]).toEqual([0, ['it']])
    expect(registry.clients).toEqual([])
    expect((await prune('--apply')).shown().deleted).toEqual([])
  })

  const alive: readonly { name: string; reason: RegExp; set: () => void }[] = [
    {
      name: 'young',
      reason: /^registered 29 d ago/,
      set: () => client('it', { created_at: daysAgo(29.5) }),
    },
    {
      name: 'of unknown age',
      reason: /registration date is not known/,
      set: () => client('it', { created_at: undefined }),
    },
    {
      name: 'granted access by somebody',
      reason: /granted access by 1/,
      set: () => {
        client('it')
        grantedBy('auth0|alice', 'it')
      },
    },
    {
      name: 'used of late',
      reason: /^used 29 d ago/,
      set: () => {
        client('it')
        logged('sertft', 29.5, 'it')
      },
    },
    {
      name: 'used in vain of late',
      reason: /^used 24 h ago/,
      set: () => {
        client('it')
        logged('f', 1, 'it')
      },
    },
    {
      name: 'promoted and used of late',
      reason: /^used/,
      set: () => {
        client('it', PROMOTED)
        logged('sertft', 3, 'it')
      },
    },
    {
      name: 'promoted, and the logs are too short to know',
      reason: /logs go back only 2 d/,
      set: () => {
        client('it', PROMOTED)
        registry.logs.length = 0
        logged('s', 2, 'somebody-else')
      },
    },
    {
      name: 'granted another API',
      reason: /client grant/,
      set: () => {
        client('it')
        registry.clientGrants.push({
          client_id: 'it',
          audience: 'https://crm.test',
          subject_type: 'user',
        })
      },
    },
    {
      name: 'granted this API for itself',
      reason: /client grant/,
      set: () => {
        client('it')
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'client' })
      },
    },
    {
      name: "somebody else's, with a grant of theirs",
      reason: /client grant/,
      set: () => {
        client('it', { callbacks: ['https://partner.test/cb'] })
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'user' })
      },
    },
  ]
  test.each(alive)('kept: $name', async ({ set, reason }) => {
    set()
    const { exitCode, shown } = await prune('--apply')
    expect(exitCode).toBe(0)
    expect(shown().clients).toMatchObject([{ client_id: 'it', dead: false }])
    expect(shown().clients[0]?.reason).toMatch(reason)
    expect(registry.clients).toHaveLength(1)
  })

  test.each([
    { age: '0d', days: 0.5, dead: true },
    { age: '12h', days: 0.4, dead: false },
    { age: '12h', days: 0.6, dead: true },
    { age: '9w', days: 62, dead: false },
    { age: '9w', days: 64, dead: true },
  ])('--older-than $age: $days days old is dead: $dead', async ({ age, days, dead: isDead }) => {
    client('it', { created_at: daysAgo(days) })
    expect((await prune('--older-than', age)).shown().clients).toMatchObject([{ dead: isDead }])
  })

  test('what was used within a day is kept, whatever age is asked for', async () => {
    client('it', PROMOTED)
    logged('sertft', 0.5, 'it')
    expect((await prune('--older-than', '0d', '--apply')).shown().deleted).toEqual([])
  })

  test('a client that comes alive between plan and deletion is kept', async () => {
    client('tpc_1')
    let reads = 0
    registry.staged.before = (call) => {
      if (call === 'GET /grants' && ++reads === 2) grantedBy('auth0|alice', 'tpc_1')
    }
    const { exitCode, shown } = await prune('--apply')
    expect(exitCode).toBe(0)
    expect(shown()).toMatchObject({ deleted: [], kept: [{ client_id: 'tpc_1' }] })
    expect(registry.clients).toHaveLength(1)
  })

  test('one that somebody else deletes meanwhile is as good as deleted', async () => {
    client('tpc_1')
    registry.staged.before = (call) => {
      if (call.startsWith('DELETE')) registry.staged.broken.set('DELETE /clients', 404)
    }
    expect((await prune('--apply')).exitCode).toBe(0)
  })

  test('says so in words, and what to do', async () => {
    client('tpc_dead')
    client('tpc_live', { created_at: daysAgo(1) })
    const plan = await run('--prune')
    expect(plan.written).toMatch(/- delete +ChatGPT.*tpc_dead +no sign of use\n= keep +ChatGPT/)
    expect(plan.written).toContain('1 client to delete. Nothing was changed.')
    expect(plan.written).toContain('--apply')
    expect((await run('--prune', '--apply')).written).toContain('1 client deleted.')
    expect((await run('--prune')).written).toContain('Nothing to delete.')
  })
})

describe('what cannot be known or done', () => {
  test.each([
    { operation: 'GET /grants', scope: 'read:grants' },
    { operation: 'GET /logs', scope: 'read:logs' },
    { operation: 'GET /client-grants', scope: 'read:client_grants' },
  ])('without $scope nothing is deleted, and it is named', async ({ operation, scope }) => {
    client('tpc_1')
    client('tpc_2')
    registry.staged.broken.set(operation, 403)
    const { exitCode, shown } = await prune('--apply')
    expect(exitCode).toBe(1)
    expect(shown().failures).toMatchObject([{ scope, kind: 'scope-missing' }])
    expect(shown().deleted).toEqual([])
    expect(registry.clients).toHaveLength(2)
    expect((await run()).written).toContain(`Missing Management scopes: ${scope}\n`)
  })

  test('without read:clients there is no list', async () => {
    client('tpc_1')
    registry.staged.broken.set('GET /clients', 403)
    for (const args of [[], ['--prune'], ['--prune', '--apply']]) {
      const { exitCode, written } = await run(...args)
      expect(exitCode).toBe(1)
      expect(written).toMatch(/^Tenant \S+: the clients could not be read\.\n/)
      expect(written).toContain('Missing Management scopes: read:clients\n')
      expect(written).not.toContain('Nothing to delete')
    }
  })

  test('a deletion that fails stops the run with what was done', async () => {
    client('tpc_1')
    client('tpc_2')
    client('tpc_3')
    registry.staged.before = (call) => {
      if (call === 'DELETE /clients/tpc_2') registry.staged.broken.set('DELETE /clients', 503)
    }
    const { exitCode, shown } = await prune('--apply')
    expect(exitCode).toBe(1)
    expect(shown().deleted).toEqual(['tpc_1'])
    expect(shown().failures).toMatchObject([{ scope: 'delete:clients', kind: 'failed' }])
    expect(registry.clients).toHaveLength(2)
  })

  test('a tenant that cannot be reached is said to be so', async () => {
    const closed = await startClientRegistry()
    await closed[Symbol.asyncDispose]()
    Object.assign(registry, { domain: closed.domain })
    const { exitCode, written } = await run()
    expect(exitCode).toBe(1)
    expect(written).toContain('could not be reached')
  })
})

describe('the command line', () => {
  test.each([
    [['--apply']],
    [['--older-than', '30d']],
    [['--prune', '--older-than', '30']],
    [['--prune', '--older-than', '-1d']],
    [['--prune', '--older-than', '1.5d']],
    [['--prune', '--older-than', '']],
    [['--prun']],
    [['all']],
  ])('%s: 2, with the usage, and nothing asked', async (args) => {
    const { exitCode, error } = await run(...args)
    expect(exitCode).toBe(2)
    expect(error).toContain('npm run clients')
    expect(registry.calls).toEqual([])
  })

  test('--help: 0', async () => {
    const { exitCode, written } = await run('--help')
    expect([exitCode, written]).toEqual([0, expect.stringContaining('--older-than')])
  })

  test('a bad configuration: 1, with every fault', async () => {
    let error = ''
    const writeError = (text: string) => {
      error += text
    }
    const env = { ...environment(), MGMT_CLIENT_SECRET: 'short', MGMT_DOMAIN: '' }
    expect(
      await runCommand(clientsCommand, { args: [], env, write: () => undefined, writeError }),
    ).toBe(1)
    expect(error).toMatch(/MGMT_DOMAIN[\s\S]*MGMT_CLIENT_SECRET/)
    expect(error).not.toContain('short\n')
  })

  test('npm run clients is this', async () => {
    client('tpc_1', { created_at: new Date(Date.now() - 40 * 86_400_000).toISOString() })
    const { PATH = '' } = process.env
    const env = { PATH, ...environment() }
    const args = [CLI, 'clients', '--json', '--prune', '--apply']
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect((JSON.parse(stdout) as Shown).deleted).toEqual(['tpc_1'])
  })
})
