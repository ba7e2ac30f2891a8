import { describe, expect, test } from 'vitest'
import { CALLBACK, CHATGPT, start } from '../../support/functions/registration.ts'

type Json = Readonly<Record<string, unknown>>

describe('client metadata', () => {
  const uris = (...redirect_uris: unknown[]): Json => ({ ...CHATGPT, redirect_uris })
  const rows: readonly { name: string; body: unknown; error?: string }[] = [
    { name: 'a foreign redirect URI', body: uris('https://evil.example/cb') },
    { name: 'one foreign redirect URI of two', body: uris(CALLBACK, 'https://evil.example/cb') },
    { name: 'a redirect URI with a query', body: uris(`${CALLBACK}?next=x`) },
    { name: 'a redirect URI with a fragment', body: uris(`${CALLBACK}#x`) },
    {
      name: 'a redirect URI with credentials',
      body: uris('https://u:p@chatgpt.com/connector/oauth/abc'),
    },
    { name: 'an http redirect URI', body: uris('http://chatgpt.com/connector/oauth/abc') },
    { name: 'a javascript: redirect URI', body: uris('javascript:alert(1)') },
    { name: 'an empty redirect_uris', body: uris() },
    { name: 'no redirect_uris', body: { client_name: 'x' } },
    { name: 'a number as redirect URI', body: uris(7) },
    { name: 'a string as redirect_uris', body: { ...CHATGPT, redirect_uris: CALLBACK } },
    { name: '11 redirect URIs', body: uris(...Array.from({ length: 11 }, () => CALLBACK)) },
    ...[
      { name: 'malformed JSON', body: '{"redirect_uris":["' },
      { name: 'an empty body', body: '' },
      { name: 'an array as body', body: [CHATGPT] },
      { name: 'a body that is not UTF-8', body: Buffer.from([0x7b, 0xff]) },
      { name: 'a name that is not a string', body: { ...CHATGPT, client_name: 7 } },
      { name: 'a name with markup', body: { ...CHATGPT, client_name: '<b>ChatGPT</b>' } },
      {
        name: 'a name with a bidirectional override',
        body: { ...CHATGPT, client_name: 'TPG\u202etahC' },
      },
      {
        name: 'a name with a bidirectional isolate',
        body: { ...CHATGPT, client_name: 'Chat\u2066GPT' },
      },
      {
        name: 'a name with a zero-width space',
        body: { ...CHATGPT, client_name: 'Chat\u200bGPT' },
      },
      {
        name: 'a name with a C1 control character',
        body: { ...CHATGPT, client_name: 'Chat\u009bGPT' },
      },
      {
        name: 'a name with a tag character',
        body: { ...CHATGPT, client_name: 'ChatGPT\u{e0041}x' },
      },
      { name: 'a name of a filler character', body: { ...CHATGPT, client_name: '\u3164' } },
      { name: 'a name of 257 characters', body: { ...CHATGPT, client_name: 'x'.repeat(257) } },
      { name: 'another grant type', body: { ...CHATGPT, grant_types: ['client_credentials'] } },
      { name: 'a string as grant_types', body: { ...CHATGPT, grant_types: 'authorization_code' } },
      { name: 'the implicit flow', body: { ...CHATGPT, response_types: ['token'] } },
      {
        name: 'a number as authentication method',
        body: { ...CHATGPT, token_endpoint_auth_method: 7 },
      },
    ].map((row) => ({ ...row, error: 'invalid_client_metadata' })),
  ]
  test.each(rows)(
    'is refused before a call to Auth0: $name',
    async ({ body, error = 'invalid_redirect_uri' }) => {
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
    },
  )

  test.each([
    [60 * 1024, 201],
    [64 * 1024, 413],
    [2 * 1024 * 1024, 413],
  ])('with %i additional bytes gets %i', async (bytes, status) => {
    const { register } = await start()
    expect((await register({ ...CHATGPT, padding: 'x'.repeat(bytes) })).status).toBe(status)
  })

  test('is checked against CLIENT_REDIRECT_URIS', async () => {
    const { register } = await start({ env: { CLIENT_REDIRECT_URIS: 'https://a.test/cb' } })
    expect((await register({ redirect_uris: ['https://a.test/cb'] })).status).toBe(201)
    expect((await register()).status).toBe(400)
  })
})
