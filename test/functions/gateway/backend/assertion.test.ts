import { createHmac } from 'node:crypto'
import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  type Assertion,
  createAssertionSigner,
} from '../../../../functions/gateway/backend/assertion.ts'

const NOW = 1_800_000_000

describe('the assertion', () => {
  const SECRET = 's'.repeat(32)
  const statement: Assertion = {
    issuer: 'https://mcp.test',
    audience: 'https://backend.test/listEvents',
    caller: {
      subject: 'auth0|alice',
      clientId: 'tpc_chatgpt',
      scopes: new Set(['b', 'a']),
      expiresAt: NOW + 60,
    },
    tool: 'listEvents',
    requestId: 'request-1',
    body: '{"limit":1}',
    now: NOW,
  }
  const of = (changes: Partial<Assertion> = {}) =>
    createAssertionSigner({ secret: SECRET })({ ...statement, ...changes })
  const callerOf = (changes: object) => ({
    caller: { ...statement.caller, ...changes } as NonNullable<Assertion['caller']>,
  })

  test('has claims for the user, the client, the tool, the URL and the body', async () => {
    const { 'x-gateway-assertion': assertion = '' } = of()
    const { payload, protectedHeader } = await compactVerify(assertion, Buffer.from(SECRET))
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
      iss: 'https://mcp.test',
      aud: 'https://backend.test/listEvents',
      htm: 'POST',
      htu: 'https://backend.test/listEvents',
      sub: 'auth0|alice',
      client_id: 'tpc_chatgpt',
      scope: 'b a',
      tool: 'listEvents',
      iat: NOW,
      exp: NOW + 60,
      jti: 'request-1',
      body_sha256: '156fedef9af97685d0e6f43eebe55d8ae67fcbf34b2fea23c2b1af061b4bcdf0',
    })
  })

  test.each([
    ['auth0|alice', 'auth0:auth0|alice'],
    ['google-oauth2|1234', 'auth0:google-oauth2|1234'],
    ['samlp|a.b@c.example', 'auth0:samlp|a.b@c.example'],
    ['a b', 'auth0:a%20b'],
    ['a%20b', 'auth0:a%2520b'],
    ['a\r\nx-user-uid: auth0:bob', 'auth0:a%0D%0Ax-user-uid:%20auth0:bob'],
    ['é😀', 'auth0:%C3%A9%F0%9F%98%80'],
    ['\0', 'auth0:%00'],
    ['a.1700000000', 'auth0:a.1700000000'],
  ])('comes with the subject %j as %s in x-user-uid and x-gateway-sig', (subject, uid) => {
    const fields = of(callerOf({ subject }))
    const signed = `${uid}.${NOW}`
    const mac = createHmac('sha256', SECRET).update(signed).digest('hex')
    expect(fields).toMatchObject({ 'x-user-uid': uid, 'x-gateway-sig': `${signed}.${mac}` })
  })

  test('has no claims about the user if the call is anonymous', async () => {
    const fields = of({ caller: undefined })
    expect(Object.keys(fields)).toEqual(['x-gateway-assertion'])
    const { payload } = await compactVerify(
      fields['x-gateway-assertion'] ?? '',
      Buffer.from(SECRET),
    )
    const claims = JSON.parse(Buffer.from(payload).toString())
    for (const claim of ['sub', 'client_id', 'scope']) expect(claims).not.toHaveProperty(claim)
    expect(claims).toMatchObject({ tool: 'listEvents', jti: 'request-1' })
  })

  test.each<[string, Partial<Assertion>]>([
    ['body', { body: '{"limit":2}' }],
    ['tool', { tool: 'addEvent' }],
    ['backend', { audience: 'https://backend.test/addEvent' }],
    ['issuer', { issuer: 'https://other.test' }],
    ['request', { requestId: 'request-2' }],
    ['second', { now: NOW + 1 }],
    ['user', callerOf({ subject: 'auth0|bob' })],
    ['client', callerOf({ clientId: undefined })],
    ['scope', callerOf({ scopes: new Set(['b']) })],
  ])('is different for another %s', (_, changes) => {
    expect(of(changes)['x-gateway-assertion']).not.toBe(of()['x-gateway-assertion'])
  })

  test('comes with the x-gateway-sig of its own user and second if a signer is reused', () => {
    const sign = createAssertionSigner({ secret: SECRET })
    const sigOf = (subject: string, now: number) =>
      sign({ ...statement, ...callerOf({ subject }), now })['x-gateway-sig']
    const order: [string, number][] = [
      ['a', NOW],
      ['b', NOW],
      ['a', NOW],
      ['a', NOW + 1],
      ['b', NOW],
    ]
    for (const [subject, now] of order) {
      const fresh = of({ ...callerOf({ subject }), now })['x-gateway-sig']
      expect(sigOf(subject, now)).toBe(fresh)
    }
  })
})
