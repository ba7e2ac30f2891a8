import type { Management as Auth0 } from 'auth0'
import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  CALLBACK,
  clientsForEachTest,
  DCR,
  daysAgo,
  PROMOTED,
  SELF_CIMD,
} from '../../../support/auth0/clients-run.ts'

const { registry, run, prune, client, logged, grantedBy } = clientsForEachTest()

describe('the list of clients', () => {
  test('shows the name, redirect URIs, mode, age, users and last use of each client', async () => {
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

  test('prints a table and escapes control and format characters', async () => {
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

  test('contains the clients of every page', async () => {
    for (let number = 0; number < 250; number++) client(`tpc_${number}`, { created_at: daysAgo(1) })
    expect((await run('--json')).shown().clients).toHaveLength(250)
  })

  test('is empty for an empty tenant', async () => {
    const { exitCode, written } = await run()
    expect([exitCode, written]).toEqual([0, expect.stringContaining('0 dynamic clients')])
  })
})

describe('the registration marker of Auth0', () => {
  const withoutMode = { third_party_security_mode: undefined }

  test.each([
    { name: 'dynamic registration', changes: DCR, kind: 'dynamic', shown: 'DCR ' },
    {
      name: 'a self-registered metadata document',
      changes: SELF_CIMD,
      kind: 'self_cimd',
      shown: 'CIMD ',
    },
    { name: 'no marker', changes: {}, kind: 'unmarked', shown: 'DCR\\? ' },
  ])('a client with $name is listed and pruned', async ({ changes, kind, shown }) => {
    client('it', changes)
    expect((await run()).written).toMatch(new RegExp(`abc +${shown} *strict +none +60 d`))
    const pruned = await prune('--apply')
    expect(pruned.shown().clients).toMatchObject([{ kind, dead: true }])
    expect(registry.clients).toEqual([])
  })

  test('a client with a metadata document that an administrator imported is neither listed nor pruned', async () => {
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

describe('the way in which a client gets access to the API', () => {
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
  ])('is $way with the client grants $grants', async ({ way, grants }) => {
    client('it', DCR)
    registry.clientGrants.push(...grants)
    expect((await run('--json')).shown().clients).toMatchObject([{ way }])
  })
})

describe('clients that were not registered dynamically are neither listed nor deleted', () => {
  const rows: readonly { name: string; changes: Auth0.Client }[] = [
    {
      name: 'a first-party application',
      changes: { is_first_party: true, callbacks: ['https://crm.test/cb'] },
    },
    {
      name: 'a predefined ChatGPT client',
      changes: { ...PROMOTED, third_party_security_mode: undefined },
    },
    {
      name: 'a promoted foreign client',
      changes: { ...PROMOTED, callbacks: ['https://crm.test/cb'] },
    },
    {
      name: 'a first-party client with a secret',
      changes: { ...PROMOTED, token_endpoint_auth_method: 'client_secret_post' },
    },
    { name: 'a machine-to-machine client', changes: { grant_types: ['client_credentials'] } },
    {
      name: 'an imported client',
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
