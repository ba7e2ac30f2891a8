import { describe, expect, test } from 'vitest'
import { bearer, callOf, JSON_TYPE } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import type { Served } from '../../../support/http/serve.ts'

const { issuer, start } = await gatewayStack()

const send = (served: Served, body: unknown, headers: object = {}, path = '/mcp') =>
  served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body })

describe('the body of a refusal', () => {
  test.each(['/mcp', '/tools/listEvents'])(
    'begins with "Authentication required" for a 401 of %s',
    async (path) => {
      const served = await start(ALL_PRIVATE)
      for (const headers of [{}, { authorization: 'Bearer x.y.z' }]) {
        const answer = await send(served, callOf('listEvents'), headers, path)
        expect(answer.status).toBe(401)
        const { error, detail } = answer.json<{ error?: { message: string }; detail?: string }>()
        expect(error?.message ?? detail).toMatch(/^Authentication required: ./)
      }
    },
  )

  test('is a JSON-RPC error with the id of the request for a 503 of /mcp', async () => {
    const served = await start()
    issuer.staged.outage = true
    const headers = bearer(await issuer.token())
    const answer = await send(served, { ...callOf('listEvents'), id: 'a' }, headers)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json()).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      error: { code: -32000, message: 'The token cannot be checked right now.' },
    })
    for (const body of [[callOf('listEvents')], '{']) {
      expect((await send(served, body, headers)).json()).toMatchObject({ id: null })
    }
  })
})
