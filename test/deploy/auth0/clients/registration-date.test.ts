import type { Management as Auth0 } from 'auth0'
import { describe, expect, test } from 'vitest'
import { clientsForEachTest, DCR, daysAgo, SELF_CIMD } from '../../../support/auth0/clients-run.ts'

const { registry, run, prune, client } = clientsForEachTest()

describe('a client without created_at', () => {
  const undated = (changes: Auth0.Client = DCR) =>
    client('it', { ...changes, created_at: undefined })
  /** A log entry of a registration, with the `details` that the log stream sends. */
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
  ])(
    'that was registered $days days ago according to the logs is dead: $dead',
    async ({ days, dead }) => {
      undated()
      registered(days, 'it')
      const { shown } = await prune()
      expect(shown().clients).toMatchObject([
        { dead, created_at: null, registered_at: daysAgo(days), registered_before: null },
      ])
    },
  )

  test('is older than the logs if they do not contain its registration', async () => {
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
    { name: 'a log entry has no client id', set: () => void registered(1) },
    {
      name: 'there are too many registrations',
      set: () => {
        for (let number = 0; number < 1_000; number++) registered(1, `c${number}`)
      },
    },
    { name: 'the logs are empty', set: () => void registry.logs.splice(0) },
  ])('is kept if $name', async ({ set }) => {
    undated()
    set()
    const { shown } = await prune('--older-than', '0d', '--apply')
    expect(shown().clients).toMatchObject([{ dead: false }])
    expect(shown().clients[0]?.reason).toMatch(/registration date is not known/)
  })

  test.each([
    { name: 'registered with a metadata document', changes: SELF_CIMD },
    { name: 'has no registration marker', changes: {} },
  ])(
    'is kept if it $name, because the logs may not contain its registration',
    async ({ changes }) => {
      undated(changes)
      expect((await prune('--apply')).shown().deleted).toEqual([])
    },
  )

  test('requires one more search of the logs, and a client with created_at requires none', async () => {
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
