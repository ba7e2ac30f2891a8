import type { Management as Auth0 } from 'auth0'
import { describe, expect, test } from 'vitest'
import { clientsForEachTest, DCR, daysAgo, SELF_CIMD } from '../../../support/auth0/clients-run.ts'

const { registry, run, prune, client } = clientsForEachTest()

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
