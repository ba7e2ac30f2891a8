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
