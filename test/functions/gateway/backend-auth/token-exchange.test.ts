import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  backendAuthStack,
  call,
  OBO_CLIENT_SECRET,
  reasonIn,
} from '../../../support/gateway/backend-auth.ts'
import { onlyOf } from '../../../support/gateway/backend-calls.ts'
import { JSON_TYPE } from '../../../support/gateway/mcp.ts'

const { endpoint, foreign, start, tokenOf } = await backendAuthStack()

describe('a token exchange', () => {
  test('sends the parameters that Auth0 documents, and the backend gets the new token', async () => {
    const token = await tokenOf()
    expect((await call(await start(), 'personal', token)).status).toBe(200)
    const { path, headers, form } = onlyOf(endpoint.calls)
    expect(path).toBe('/oauth/token')
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: AUDIENCE,
      scope: 'events:read',
      client_id: 'rs-client',
      client_secret: OBO_CLIENT_SECRET,
    })
    expect(onlyOf(foreign.calls).headers.authorization).toMatch(/^Bearer issued-\d+$/)
  })

  test('is cached by token, audience and scopes', async () => {
    const served = await start()
    const [first, second] = [await tokenOf(), await tokenOf({ sub: 'auth0|bob' })]
    for (const tool of ['personal', 'personalToo', 'personal']) await call(served, tool, first)
    expect(endpoint.calls).toHaveLength(1)
    await call(served, 'personalElse', first)
    await call(served, 'personal', second)
    const asked = endpoint.calls.map(({ form }) => [form['subject_token'], form['scope']])
    expect(asked).toEqual([
      [first, 'events:read'],
      [first, undefined],
      [second, 'events:read'],
    ])
    const given = foreign.calls.map(({ headers }) => headers.authorization)
    expect(new Set(given).size).toBe(3)
  })

  test('is shared by concurrent calls and continues when one client disconnects', async () => {
    const gate = Promise.withResolvers<void>()
    endpoint.script({ after: gate.promise })
    const served = await start()
    const token = await tokenOf()
    const leaving = new AbortController()
    const left = served
      .send({
        method: 'POST',
        path: '/tools/personal',
        headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
        body: {},
        signal: leaving.signal,
      })
      .catch((error: Error) => error.name)
    await expect.poll(() => endpoint.calls.length).toBe(1)
    const others = [1, 2, 3].map(() => call(served, 'personal', token))
    leaving.abort()
    expect(await left).toBe('AbortError')
    gate.resolve()
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(endpoint.calls).toHaveLength(1)
  })

  test('is not cached if the response has no expires_in', async () => {
    endpoint.script({ members: { expires_in: undefined } })
    const served = await start()
    const token = await tokenOf()
    for (const _ of [1, 2]) expect((await call(served, 'personal', token)).status).toBe(200)
    expect(endpoint.calls).toHaveLength(2)
  })

  test('ends when the timeout of the tool expires', async () => {
    endpoint.script({ after: new Promise(() => undefined) })
    const served = await start()
    const answer = await call(served, 'hasty', await tokenOf())
    expect([answer.status, reasonIn(served)]).toEqual([504, 'backend_timeout'])
  })
})
