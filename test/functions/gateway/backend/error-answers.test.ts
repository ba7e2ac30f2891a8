import { describe, expect, test } from 'vitest'
import { backendCalls, callAbout, reasonsIn } from '../../../support/gateway/backend-calls.ts'
import { OPENAI } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'

const stack = await gatewayStack()
const { backend, start } = stack
const { callListEvents, callListEventsByMcp } = backendCalls(stack)

describe('an error response of a backend', () => {
  test.each([
    { body: { message: 'No such calendar.' }, said: 'No such calendar.' },
    { body: { detail: 'No such calendar.', title: 'Not Found' }, said: 'No such calendar.' },
    { body: { error: 'no_calendar' }, said: 'no_calendar' },
    { body: { error: { message: 'Nope.' } }, said: 'Nope.' },
    { body: { title: 'Gone' }, said: 'Gone' },
    { body: {}, said: 'The tool refused the call (HTTP 404).' },
    { body: '<html>', said: 'The tool refused the call (HTTP 404).' },
    { body: { message: 7 }, said: 'The tool refused the call (HTTP 404).' },
  ])('with the body $body has the message $said', async ({ body, said }) => {
    backend.script('about', { status: 404, body })
    const served = await start()
    expect((await callAbout(served)).json()).toMatchObject({
      result: { isError: true, content: [{ type: 'text', text: said }] },
    })
    expect(reasonsIn(served)).toEqual(['backend_http_404'])
    expect(JSON.stringify(served.lines)).not.toContain('No such calendar')
  })

  test('has a message of limited length', async () => {
    backend.script('about', { status: 422, body: { message: 'x'.repeat(100_000) } })
    const answer = await callAbout(await start())
    expect(answer.text.length).toBeLessThan(1_000)
  })

  test.each([400, 404, 409, 410, 422, 429])(
    'with status %i is passed on over REST',
    async (status) => {
      backend.script('listEvents', { status, body: { message: 'no' } })
      expect((await callListEvents(await start())).status).toBe(status)
    },
  )

  test.each([401, 403, 407])(
    'with status %i becomes 502 without a challenge, because the token of the user is valid',
    async (status) => {
      backend.script('listEvents', {
        status,
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      })
      const served = await start()
      const rest = await callListEvents(served)
      expect(rest.status).toBe(502)
      expect(rest.headers['www-authenticate']).toBeUndefined()
      const mcp = await callListEventsByMcp(served, OPENAI)
      expect(mcp.status).toBe(200)
      expect(mcp.headers['www-authenticate']).toBeUndefined()
      expect(mcp.text).not.toContain('www_authenticate')
    },
  )

  test('does not pass its header fields on to the client', async () => {
    backend.script('about', { headers: { 'set-cookie': 'a=1', 'x-powered-by': 'x', etag: '"1"' } })
    const answer = await callAbout(await start())
    for (const name of ['set-cookie', 'x-powered-by', 'etag']) {
      expect(answer.headers[name]).toBeUndefined()
    }
  })
})
