import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  clientsForEachTest,
  daysAgo,
  PROMOTED,
} from '../../../support/auth0/clients-run.ts'

const { registry, run, prune, client, logged, grantedBy } = clientsForEachTest()

describe('--prune', () => {
  const dead: readonly { name: string; set: () => void }[] = [
    { name: 'a client that was never used', set: () => client('it') },
    {
      name: 'a client whose last use is long ago',
      set: () => {
        client('it')
        logged('s', 40, 'it')
      },
    },
    { name: 'a promoted client without log entries', set: () => client('it', PROMOTED) },
    {
      name: 'a client with a foreign redirect URI',
      set: () => client('it', { callbacks: ['https://evil.example/'] }),
    },
    {
      name: 'a client with only Management API logs',
      set: () => {
        client('it')
        logged('sapi', 1, 'it')
      },
    },
    {
      name: 'a client with its admission grant',
      set: () => {
        client('it')
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'user' })
      },
    },
  ]
  test.each(dead)('deletes $name', async ({ set }) => {
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
      name: 'a recently registered client',
      reason: /^registered 29 d ago/,
      set: () => client('it', { created_at: daysAgo(29.5) }),
    },
    {
      name: 'a client of unknown age',
      reason: /registration date is not known/,
      set: () => client('it', { created_at: undefined }),
    },
    {
      name: 'a client with a user grant',
      reason: /granted access by 1/,
      set: () => {
        client('it')
        grantedBy('auth0|alice', 'it')
      },
    },
    {
      name: 'a recently used client',
      reason: /^used 29 d ago/,
      set: () => {
        client('it')
        logged('sertft', 29.5, 'it')
      },
    },
    {
      name: 'a client with a recent failed sign-in',
      reason: /^used 24 h ago/,
      set: () => {
        client('it')
        logged('f', 1, 'it')
      },
    },
    {
      name: 'a recently used promoted client',
      reason: /^used/,
      set: () => {
        client('it', PROMOTED)
        logged('sertft', 3, 'it')
      },
    },
    {
      name: 'a promoted client if logs are missing',
      reason: /logs go back only 2 d/,
      set: () => {
        client('it', PROMOTED)
        registry.logs.length = 0
        logged('s', 2, 'somebody-else')
      },
    },
    {
      name: 'a client with a grant for another API',
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
      name: 'a client with a grant for itself',
      reason: /client grant/,
      set: () => {
        client('it')
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'client' })
      },
    },
    {
      name: 'a foreign client with a client grant',
      reason: /client grant/,
      set: () => {
        client('it', { callbacks: ['https://partner.test/cb'] })
        registry.clientGrants.push({ client_id: 'it', audience: AUDIENCE, subject_type: 'user' })
      },
    },
  ]
  test.each(alive)('keeps $name', async ({ set, reason }) => {
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
  ])(
    'with --older-than $age a client that is $days days old is deleted: $dead',
    async ({ age, days, dead: isDead }) => {
      client('it', { created_at: daysAgo(days) })
      expect((await prune('--older-than', age)).shown().clients).toMatchObject([{ dead: isDead }])
    },
  )

  test('keeps a client that was used within a day, even with --older-than 0d', async () => {
    client('it', PROMOTED)
    logged('sertft', 0.5, 'it')
    expect((await prune('--older-than', '0d', '--apply')).shown().deleted).toEqual([])
  })

  test('keeps a client to which a user grants access between plan and deletion', async () => {
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

  test('succeeds if a client was already deleted', async () => {
    client('tpc_1')
    registry.staged.before = (call) => {
      if (call.startsWith('DELETE')) registry.staged.broken.set('DELETE /clients', 404)
    }
    expect((await prune('--apply')).exitCode).toBe(0)
  })

  test('prints the plan and the result as text, with the option that deletes', async () => {
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
