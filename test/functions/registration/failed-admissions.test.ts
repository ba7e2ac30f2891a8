import { describe, expect, test } from 'vitest'
import {
  CHATGPT,
  clientIdIn,
  expectNothing,
  type Registration,
  start,
} from '../../support/functions/registration.ts'

describe('an admission that fails', () => {
  const operations = {
    strict: [
      'GET /clients/:id',
      'GET /client-grants',
      'POST /client-grants',
      'PATCH /connections/:id',
    ],
    permissive: [
      'PATCH /clients/:id',
      'GET /connections/:id/clients',
      'PATCH /connections/:id/clients',
    ],
  } as const
  const rows = (['strict', 'permissive'] as const)
    .flatMap((mode) =>
      operations[mode].flatMap((operation) =>
        ([400, 403] as const).map((status) => ({ mode, operation, status })),
      ),
    )
    // After a 400 for its promotion a client gets a grant instead.
    .filter(({ operation, status }) => operation !== 'PATCH /clients/:id' || status !== 400)
  test.each(rows)('deletes the client after $status for $operation (mode $mode)', async (row) => {
    const registration = await start()
    registration.auth0.setMode(row.mode)
    registration.api.fail(row.operation, { status: row.status })
    const answer = await registration.register()
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expectNothing(registration)
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'registration_undone' }),
    )
    registration.api.mended()
    expect((await registration.register()).status).toBe(201)
  })

  test('logs the missing Management API scope', async () => {
    const registration = await start()
    registration.api.fail('POST /client-grants', { status: 403 })
    await registration.register()
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        message: 'admission_failed',
        code: 'grant_create_http_403',
        missing_scope: 'create:client_grants',
      }),
    )
  })

  test('deletes a client whose redirect URIs in Auth0 are not allowed', async () => {
    const registration = await start()
    registration.auth0.changeClients((client) => ({
      ...client,
      callbacks: ['https://evil.example/cb'],
    }))
    expect((await registration.register()).status).toBe(503)
    expectNothing(registration)
    expect(registration.api.grants).toEqual([])
  })

  test.each([
    {
      name: 'no Management API token',
      stage: ({ api }: Registration) => api.stageTokenStatus(403),
    },
    {
      name: 'unreadable connections',
      stage: ({ api }: Registration) => api.fail('GET /connections', { status: 403 }),
    },
    {
      name: 'a missing connection',
      stage: ({ api }: Registration) => api.connections.clear(),
    },
  ])('is detected before the registration: $name', async ({ stage }) => {
    const registration = await start()
    stage(registration)
    expect((await registration.register()).status).toBe(503)
    expect(registration.auth0.requests).toEqual([])
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ severity: 'ERROR', message: 'admission_failed' }),
    )
  })

  test('deletes the client after a timeout', async () => {
    const registration = await start({ admissionTimeoutMs: 6_000 })
    registration.api.fail('PATCH /connections/:id', {
      status: 429,
      headers: { 'retry-after': '8' },
    })
    const startedAt = performance.now()
    const answer = await registration.register()
    expect(performance.now() - startedAt).toBeLessThan(120_000)
    expect(answer.status).toBe(503)
    expectNothing(registration)
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({ code: 'conn_enable_timeout', done: ['grant_create'] }),
    )
  })

  test('logs a client that cannot be deleted', async () => {
    const registration = await start()
    registration.api.fail('POST /client-grants', { status: 403 })
    registration.api.fail('DELETE /clients/:id', { status: 403 })
    const answer = await registration.register()
    expect(answer.status).toBe(503)
    expect(answer.text).not.toContain('tpc_')
    expect(registration.served.lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'registration_left_behind',
        client: clientIdIn(registration),
        missing_scope: 'delete:clients',
      }),
    )
  })

  test('deletes the client if the caller disconnects', async () => {
    const registration = await start()
    registration.api.stageDelay(50)
    const gone = new AbortController()
    const asked = registration.register(CHATGPT, gone.signal).catch(() => 'gone')
    await expect.poll(() => registration.auth0.requests.length).toBe(1)
    gone.abort()
    expect(await asked).toBe('gone')
    await expect
      .poll(() => registration.served.lines.map(({ message }) => message))
      .toContain('registration_undone')
    expectNothing(registration)
  })
})
