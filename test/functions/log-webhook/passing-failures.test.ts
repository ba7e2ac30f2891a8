import { describe, expect, test } from 'vitest'
import { outcomesIn } from '../../support/functions/log-stream.ts'
import { registration, startWebhook, writesOf } from '../../support/functions/log-webhook.ts'

// Auth0's client waits whole seconds between attempts, so these tests run concurrently.
describe.concurrent('a temporary failure of Auth0', () => {
  function rateLimit(): Readonly<Record<string, string>> {
    const reset = Math.floor(Date.now() / 1000) + 1
    return {
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': `${reset}`,
    }
  }

  test('with a single 429 is retried within the delivery', async () => {
    await using webhook = await startWebhook()
    webhook.api.fail('PATCH /clients/:id', { status: 429, times: 1, headers: rateLimit() })
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(200)
    expect(outcomesIn(answer)).toMatchObject([{ outcome: 'admitted' }])
    const tries = writesOf(webhook).filter(({ path }) => path === '/clients/plain1')
    expect(tries).toHaveLength(2)
  })

  test.each([429, 500, 503])(
    'with a repeated %i is retried by the next delivery',
    async (status) => {
      await using webhook = await startWebhook()
      webhook.api.fail('GET /connections', { status, headers: { 'retry-after': '1' } })
      const answer = await webhook.deliver(registration('plain1'))
      expect(answer.status).toBe(503)
      expect(outcomesIn(answer)).toMatchObject([{ reason: `conn_lookup_http_${status}` }])
      webhook.api.mended()
      const again = await webhook.deliver(registration('plain1'))
      expect(again.status).toBe(200)
      expect(outcomesIn(again)).toMatchObject([{ outcome: 'admitted' }])
    },
  )

  test('without a response is reported as client_read_timeout', async () => {
    await using webhook = await startWebhook()
    webhook.api.stageDelay(9_000)
    const answer = await webhook.deliver(registration('plain1'))
    expect(answer.status).toBe(503)
    expect(outcomesIn(answer)).toMatchObject([{ reason: 'client_read_timeout' }])
  })
})
