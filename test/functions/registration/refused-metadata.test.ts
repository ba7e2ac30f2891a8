import { describe, expect, test } from 'vitest'
import { CALLBACK, CHATGPT, start } from '../../support/functions/registration.ts'

type Json = Readonly<Record<string, unknown>>

describe('what is refused before anything exists', () => {
  const uris = (...redirect_uris: unknown[]): Json => ({ ...CHATGPT, redirect_uris })
  const rows: readonly { name: string; body: unknown; error?: string }[] = [
    { name: 'a foreign redirect URI', body: uris('https://evil.example/cb') },
    { name: 'a foreign one among others', body: uris(CALLBACK, 'https://evil.example/cb') },
    { name: 'one with a query', body: uris(`${CALLBACK}?next=x`) },
    { name: 'one with a fragment', body: uris(`${CALLBACK}#x`) },
    { name: 'one with credentials', body: uris('https://u:p@chatgpt.com/connector/oauth/abc') },
    { name: 'plain http', body: uris('http://chatgpt.com/connector/oauth/abc') },
    { name: 'a script', body: uris('javascript:alert(1)') },
    { name: 'no redirect URI', body: uris() },
    { name: 'none at all', body: { client_name: 'x' } },
    { name: 'a number', body: uris(7) },
    { name: 'a string for a list', body: { ...CHATGPT, redirect_uris: CALLBACK } },
    { name: 'too many', body: uris(...Array.from({ length: 11 }, () => CALLBACK)) },
    ...[
      { name: 'no JSON', body: '{"redirect_uris":["' },
      { name: 'nothing', body: '' },
      { name: 'an array', body: [CHATGPT] },
      { name: 'not UTF-8', body: Buffer.from([0x7b, 0xff]) },
      { name: 'a name that is no string', body: { ...CHATGPT, client_name: 7 } },
      { name: 'a name with markup', body: { ...CHATGPT, client_name: '<b>ChatGPT</b>' } },
      { name: 'a name turned around', body: { ...CHATGPT, client_name: 'TPG\u202etahC' } },
      { name: 'a name with an isolate', body: { ...CHATGPT, client_name: 'Chat\u2066GPT' } },
      { name: 'a zero-width space in a name', body: { ...CHATGPT, client_name: 'Chat\u200bGPT' } },
      { name: 'a C1 control in a name', body: { ...CHATGPT, client_name: 'Chat\u009bGPT' } },
      { name: 'a tag in a name', body: { ...CHATGPT, client_name: 'ChatGPT\u{e0041}x' } },
      { name: 'a name of a filler', body: { ...CHATGPT, client_name: '\u3164' } },
      { name: 'a long name', body: { ...CHATGPT, client_name: 'x'.repeat(257) } },
      { name: 'another grant', body: { ...CHATGPT, grant_types: ['client_credentials'] } },
      { name: 'grants that are no list', body: { ...CHATGPT, grant_types: 'authorization_code' } },
      { name: 'the implicit flow', body: { ...CHATGPT, response_types: ['token'] } },
      { name: 'a method that is no string', body: { ...CHATGPT, token_endpoint_auth_method: 7 } },
    ].map((row) => ({ ...row, error: 'invalid_client_metadata' })),
  ]
  test.each(rows)('$name', async ({ body, error = 'invalid_redirect_uri' }) => {
    const registration = await start()
    const answer = await registration.register(body)
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) })
    expect(registration.auth0.requests).toEqual([])
    expect(registration.api.tokenRequests).toEqual([])
    expect(JSON.stringify(registration.served.lines)).not.toContain('evil')
  })

  test.each([
    [60 * 1024, 201],
    [64 * 1024, 413],
    [2 * 1024 * 1024, 413],
  ])('%i bytes besides what is registered: %i', async (bytes, status) => {
    const { register } = await start()
    expect((await register({ ...CHATGPT, padding: 'x'.repeat(bytes) })).status).toBe(status)
  })

  test('CLIENT_REDIRECT_URIS decides', async () => {
    const { register } = await start({ env: { CLIENT_REDIRECT_URIS: 'https://a.test/cb' } })
    expect((await register({ redirect_uris: ['https://a.test/cb'] })).status).toBe(201)
    expect((await register()).status).toBe(400)
  })
})
