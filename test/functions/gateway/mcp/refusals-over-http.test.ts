import { describe, expect, test } from 'vitest'
import { bearer, callOf, JSON_TYPE, METADATA, post } from '../../../support/gateway/mcp.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage } from '../../../support/http/serve.ts'

const { issuer, backend, start } = await gatewayStack()

describe('refusals over HTTP', () => {
  test('missing credentials get 401 with a challenge without an error code (RFC 6750 s3.1)', async () => {
    const served = await start(ALL_PRIVATE)
    const messages = [
      handshakeMessage('initialize'),
      handshakeMessage('tools/list'),
      callOf('listEvents'),
    ]
    for (const message of messages) {
      const answer = await post(served, message)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer scope="events:read events:write", resource_metadata="${METADATA}"`,
      )
      expect(answer.headers['cache-control']).toBe('no-store')
    }
    expect(backend.calls).toEqual([])
  })

  test.each(['Basic dXNlcjpwYXNz', 'DPoP abc', 'Bearerabc'])(
    'credentials of another scheme count as missing: %s',
    async (authorization) => {
      const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), { authorization })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('error=')
    },
  )

  test('a call of a protected tool gets 401 even if another tool is public', async () => {
    const answer = await post(await start(), callOf('listEvents'))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error=')
    expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
  })

  test('an invalid token gets 401 even for a public tool', async () => {
    const answer = await post(await start(), callOf('about'), bearer('a.b.c'))
    expect(answer.status).toBe(401)
    expect(backend.calls).toEqual([])
  })

  const badTokens: readonly {
    name: string
    reason: string
    token: () => Promise<string>
  }[] = [
    {
      name: 'is opaque',
      reason: 'ACCESS_TOKEN_IS_OPAQUE',
      token: async () => 'opaque-token',
    },
    {
      name: 'is encrypted',
      reason: 'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
      token: async () => 'a.b.c.d.e',
    },
    {
      name: 'has expired',
      reason: 'token_expired',
      token: () => issuer.token({ exp: Math.floor(Date.now() / 1000) - 1 }),
    },
    {
      name: 'is for another API',
      reason: 'aud_mismatch',
      token: () => issuer.token({ aud: 'https://other.example' }),
    },
    {
      name: 'is from another issuer',
      reason: 'iss_mismatch',
      token: () => issuer.token({ iss: 'https://evil.example/' }),
    },
    {
      name: 'omits the last slash of the issuer',
      reason: 'iss_mismatch_slash',
      token: () => issuer.token({ iss: issuer.url.slice(0, -1) }),
    },
    {
      name: 'is an ID token',
      reason: 'typ_unexpected',
      token: () => issuer.token({}, { typ: 'id_token+jwt' }),
    },
    {
      name: 'is bound to a key',
      reason: 'token_is_bound',
      token: () => issuer.token({ cnf: { jkt: 'x' } }),
    },
    { name: 'has no subject', reason: 'sub_malformed', token: () => issuer.token({ sub: '' }) },
    {
      name: 'was altered',
      reason: 'signature_invalid',
      token: async () => {
        const [header, , signature] = (await issuer.token()).split('.')
        const [, payload] = (await issuer.token({ scope: 'events:write' })).split('.')
        return `${header}.${payload}.${signature}`
      },
    },
  ]
  test.each(badTokens)(
    'an invalid token gets 401 with invalid_token: it $name',
    async ({ token, reason }) => {
      const served = await start()
      const bad = await token()
      const answer = await post(served, callOf('listEvents'), bearer(bad))
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(
        /^Bearer error="invalid_token", error_description="[^"]+", scope="/,
      )
      expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
      expect(served.lines).toContainEqual(
        expect.objectContaining({ message: 'token_rejected', reason }),
      )
      expect(JSON.stringify(served.lines)).not.toContain(bad)
      expect(backend.calls).toEqual([])
    },
  )

  test('a missing scope gets 403 with all scopes of the tool', async () => {
    const served = await start()
    const headers = bearer(await issuer.token())
    const answer = await post(served, callOf('summarizeEvents'), headers)
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer error="insufficient_scope", error_description="[^"]+", scope="events:read events:write", resource_metadata="/,
    )
    expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32000 } })
    expect(backend.calls).toEqual([])
    expect(served.lines).toContainEqual(
      expect.objectContaining({
        message: 'tool_called',
        severity: 'NOTICE',
        decision: 'denied',
        tool: 'summarizeEvents',
        subject: 'auth0|alice',
        client: 'tpc_chatgpt',
      }),
    )
  })

  const grants = [
    { source: 'scope', scope: 'events:read', permissions: undefined, status: 200 },
    { source: 'scope', scope: 'events:read', permissions: ['events:read'], status: 200 },
    { source: 'scope', scope: 'events:read', permissions: [], status: 200, lacks: true },
    { source: 'scope', scope: '', permissions: ['events:read'], status: 403 },
    { source: 'scope-or-permissions', scope: '', permissions: ['events:read'], status: 200 },
    { source: 'scope-or-permissions', scope: 'events:read', permissions: [], status: 200 },
    { source: 'scope-or-permissions', scope: '', permissions: [], status: 200, lacks: true },
  ]
  test.each(grants)(
    'SCOPE_SOURCE $source with scope $scope and permissions $permissions gets $status',
    async ({ source, scope, permissions, status, lacks = false }) => {
      const served = await start({ SCOPE_SOURCE: source })
      const token = await issuer.token({ scope, ...(permissions && { permissions }) })
      const answer = await post(served, callOf('listEvents'), bearer(token))
      expect(answer.status).toBe(status)
      expect(answer.text.includes('"isError":true')).toBe(lacks)
    },
  )

  test('two Authorization fields get 400 with invalid_request', async () => {
    const token = await issuer.token()
    const authorization = [`Bearer ${token}`, `Bearer ${token}`]
    const answer = await post(await start(), callOf('about'), { authorization })
    expect(answer.status).toBe(400)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    expect(backend.calls).toEqual([])
  })

  test.each(['Bearer', 'Bearer a b', 'Bearer "a"'])(
    'malformed credentials get 400 with invalid_request: %s',
    async (authorization) => {
      const answer = await post(await start(), callOf('about'), { authorization })
      expect(answer.status).toBe(400)
      expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    },
  )

  test('the scheme Bearer is case-insensitive', async () => {
    const authorization = `bEARER ${await issuer.token()}`
    const answer = await post(await start(), callOf('listEvents'), { authorization })
    expect(answer.status).toBe(200)
  })

  test('a token in the query or the body is ignored (RFC 6750 s2)', async () => {
    const served = await start(ALL_PRIVATE)
    const token = await issuer.token()
    const answer = await served.send({
      method: 'POST',
      path: `/mcp?access_token=${token}`,
      headers: JSON_TYPE,
      body: { ...callOf('listEvents'), access_token: token },
    })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error=')
  })

  test('resource_metadata does not depend on the Host and forwarding fields', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    }
    const answer = await post(await start(ALL_PRIVATE), callOf('listEvents'), headers)
    expect(answer.headers['www-authenticate']).toContain(`resource_metadata="${METADATA}"`)
    expect(JSON.stringify([answer.headers, answer.text])).not.toContain('evil')
  })
})
