import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { System } from '../../deploy/local/system.ts'
import { type BuiltFunctions, buildAll } from '../support/build.ts'
import { createChatGpt } from '../support/chatgpt.ts'
import { connectV2 } from '../support/connect.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/http/redis.ts'
import { ALICE } from '../support/people.ts'
import { startOnFreePorts } from '../support/system.ts'

/** Runs the built functions with functions-framework. The other end-to-end tests run the sources. */
describe.each(['issuer', 'curated'])(
  'the built functions with AUTH_SERVER_METADATA=%s',
  (metadata) => {
    let built: BuiltFunctions
    let system: System
    let redis: RedisServer | undefined
    beforeAll(async () => {
      built = await buildAll()
      redis = metadata === 'curated' && hasRedis() ? await startRedis() : undefined
      const env = {
        AUTH_SERVER_METADATA: metadata,
        RATE_LIMIT_PER_MINUTE: '2',
        ...(redis && { REDIS_URL: redis.url }),
      }
      system = await startOnFreePorts(env, { functions: built.directory })
    })
    afterAll(async () => {
      await system?.stop()
      await redis?.[Symbol.asyncDispose]()
      await built?.[Symbol.asyncDispose]()
    })

    test('admit a client and serve its calls over MCP and REST up to the rate limit', async () => {
      const chatGpt = createChatGpt({ tenant: system.tenant, person: ALICE })
      const client = await connectV2(`${system.url}/mcp`, chatGpt)
      const answer = await client.callTool('listEvents', { limit: 1 })
      await client.close()
      expect(answer.structuredContent).toMatchObject({ events: [{ title: 'Flight to Lisbon' }] })

      const call = () =>
        fetch(`${system.url}/tools/listEvents`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${chatGpt.accessToken()}`,
          },
          body: '{"limit":1}',
        })
      const rest = await call()
      expect(rest.status).toBe(200)
      expect(await rest.json()).toMatchObject({ events: [{ title: 'Flight to Lisbon' }] })
      expect(rest.headers.get('ratelimit')).toMatch(/^"calls";r=0;t=/)
      expect((await call()).status).toBe(429)
    })

    test('reject an invalid token and an unauthenticated log delivery', async () => {
      const refused = await fetch(`${system.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer a.b.c' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      })
      const health = await fetch(`${system.url}/health/auth0`)
      const webhook = await fetch(`${system.url}/auth0-log-webhook`, { method: 'POST', body: '{"' })

      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(health.status).toBe(200)
      expect(webhook.status).toBe(401)
    })
  },
)
