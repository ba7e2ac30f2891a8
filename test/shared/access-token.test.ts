import { beforeAll, describe, expect, test } from 'vitest'
import { createAccessTokenVerifier, type VerifyAccessToken } from '../../shared/access-token.ts'
import type { Jwks } from '../../shared/jwks.ts'
import {
  AUDIENCE,
  HEADER,
  ISSUER,
  keySet,
  NOW,
  PAYLOAD,
  signedByOthers,
  signedWithPublicKey,
  theirJwk,
  token,
  withClaims,
  withHeader,
} from '../support/tokens.ts'

let jwks: Awaited<ReturnType<typeof keySet>>
let verify: VerifyAccessToken

function verifier(options: { readonly jwks?: Jwks; readonly now?: () => number } = {}) {
  const expected = { issuer: ISSUER, audience: AUDIENCE, scopeSource: 'scope' } as const
  return createAccessTokenVerifier({ ...expected, jwks, now: () => NOW, ...options })
}

beforeAll(async () => {
  jwks = await keySet()
  verify = verifier()
})

async function reasonOf(accessToken: string): Promise<unknown> {
  try {
    await verify(accessToken)
    return 'accepted'
  } catch (error) {
    const { code, status, reason } = error as { code: string; status: number; reason: string }
    expect({ code, status }).toEqual({ code: 'invalid_token', status: 401 })
    return reason
  }
}

describe('a good token', () => {
  test('names its caller', async () => {
    expect(await verify(token())).toEqual({
      subject: 'auth0|alice',
      clientId: 'tpc_chatgpt',
      scopes: new Set(['openid', 'events:read']),
      expiresAt: NOW + 3_600,
    })
  })

  test.each([
    ['typ in full', withHeader({ typ: 'application/at+jwt' })],
    ["Auth0's own typ", withHeader({ typ: 'JWT' })],
    ['typ in other letters', withHeader({ typ: 'AT+JWT' })],
    ['no typ', withHeader({ typ: undefined })],
    ['one audience', withClaims({ aud: AUDIENCE })],
    ['azp in place of client_id', withClaims({ client_id: undefined, azp: 'c' })],
    ['no client', withClaims({ client_id: undefined })],
    ['no scope', withClaims({ scope: undefined })],
    ['the last second before it expires', withClaims({ exp: NOW + 1 })],
    ['a clock that is 5 s behind', withClaims({ nbf: NOW + 5, iat: NOW + 5 })],
    ['unknown claims', withClaims({ gty: 'password', 'https://x.example/y': { z: [1] } })],
    ['unknown header parameters', withHeader({ jwk: { kty: 'RSA' }, x5t: 'x' })],
  ])('may have %s', async (_, accessToken) => {
    expect(await reasonOf(accessToken)).toBe('accepted')
  })
})

const [head = '', body = '', signature = ''] = token().split('.')
const flip = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`

describe('the form', () => {
  test.each([
    ['nothing between dots', '..', 'base64url_malformed'],
    ['an opaque token', 'kf2K0GvVbR7nM1', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['one dot', `${head}.${body}`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['four parts', `${token()}.x`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['five parts', 'a.b.c.d.e', 'ACCESS_TOKEN_IS_ENCRYPTED_JWE'],
    ['six parts', 'a.b.c.d.e.f', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['padding', `${head}.${body}.${signature}==`, 'base64url_malformed'],
    ['base64 in place of base64url', `${head}.${body}+/.${signature}`, 'base64url_malformed'],
    ['white space', `${head}.${body}.${signature}\n`, 'base64url_malformed'],
    ['a NUL', `${head}.${body}\u0000.${signature}`, 'base64url_malformed'],
    ['letters of another script', `${head}.${body}а.${signature}`, 'base64url_malformed'],
    ['16 KiB and a byte', `${head}.${'A'.repeat(16_385)}.${signature}`, 'token_too_long'],
    ['no signature', `${head}.${body}.`, 'base64url_malformed'],
  ])('%s', async (_, accessToken, reason) => {
    expect(await reasonOf(accessToken)).toBe(reason)
  })
})

describe('the header', () => {
  const unsigned = (alg: string) => token({ header: { ...HEADER, alg } })
  test.each([
    ['alg none', unsigned('none'), 'alg_not_rs256'],
    ['alg nOnE', unsigned('nOnE'), 'alg_not_rs256'],
    ['alg HS256', unsigned('HS256'), 'alg_not_rs256'],
    ['alg RS384', unsigned('RS384'), 'alg_not_rs256'],
    ['alg PS256', unsigned('PS256'), 'alg_not_rs256'],
    ['alg ES256', unsigned('ES256'), 'alg_not_rs256'],
    ['alg rs256', unsigned('rs256'), 'alg_not_rs256'],
    ['no alg', withHeader({ alg: undefined }), 'alg_not_rs256'],
    ['alg as a list', withHeader({ alg: ['RS256'] }), 'alg_not_rs256'],
    ['typ of an ID token', withHeader({ typ: 'id_token+jwt' }), 'typ_unexpected'],
    ['typ of a logout token', withHeader({ typ: 'logout+jwt' }), 'typ_unexpected'],
    ['typ of a DPoP proof', withHeader({ typ: 'dpop+jwt' }), 'typ_unexpected'],
    ['an empty typ', withHeader({ typ: '' }), 'typ_unexpected'],
    ['typ null', withHeader({ typ: null }), 'typ_unexpected'],
    ['crit', withHeader({ crit: ['exp'] }), 'crit_not_understood'],
    ['an empty crit', withHeader({ crit: [] }), 'crit_not_understood'],
    ['b64 false', withHeader({ b64: false, crit: ['b64'] }), 'crit_not_understood'],
    ['b64 without crit', withHeader({ b64: true }), 'crit_not_understood'],
    ['no kid', withHeader({ kid: undefined }), 'kid_missing'],
    ['an empty kid', withHeader({ kid: '' }), 'kid_missing'],
    ['kid as a number', withHeader({ kid: 1 }), 'kid_missing'],
    ['another kid', withHeader({ kid: 'key-2' }), 'kid_unknown'],
    ['a prototype name as kid', withHeader({ kid: '__proto__' }), 'kid_unknown'],
    ['a path as kid', withHeader({ kid: '../../dev/null' }), 'kid_unknown'],
    ['no JSON', token({ header: '{"alg"' }), 'header_malformed'],
    ['a list', token({ header: '[]' }), 'header_malformed'],
    ['null', token({ header: 'null' }), 'header_malformed'],
    ['no UTF-8', token({ header: Buffer.from([0x7b, 0xff, 0x7d]) }), 'header_malformed'],
    ['a byte order mark', token({ header: `\ufeff${JSON.stringify(HEADER)}` }), 'header_malformed'],
  ])('%s', async (_, accessToken, reason) => {
    expect(await reasonOf(accessToken)).toBe(reason)
  })

  test('a key in the header is never used', async () => {
    const jwk = await theirJwk()
    for (const carried of [
      { jwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example/chain.pem' },
      { x5c: ['MIIB'] },
    ]) {
      const draft = { header: { ...HEADER, ...carried } }
      expect(await reasonOf(signedByOthers(draft))).toBe('signature_invalid')
    }
  })

  test('the public key is no secret to sign with', async () => {
    for (const forged of await signedWithPublicKey()) {
      expect(await reasonOf(forged)).toBe('alg_not_rs256')
    }
  })

  test('alg twice in the text: what counts is what is verified', async () => {
    const header = '{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"key-1"}'
    expect(await reasonOf(token({ header }))).toBe('accepted')
    const other = '{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"key-1"}'
    expect(await reasonOf(token({ header: other }))).toBe('alg_not_rs256')
  })
})

describe('the signature', () => {
  test.each([
    ['of somebody else', signedByOthers()],
    ['of another token', `${head}.${body}.${withClaims({ jti: 'x' }).split('.')[2]}`],
    ['with its first bit turned', `${head}.${body}.${flip(signature, 0)}`],
    ['with a bit turned in the middle', `${head}.${body}.${flip(signature, 170)}`],
    ['cut by 4 characters', `${head}.${body}.${signature.slice(0, -4)}`],
    ['twice', `${head}.${body}.${signature}${signature}`.slice(0, 16_000)],
    ['all zeros', `${head}.${body}.${'A'.repeat(signature.length)}`],
    ['under an altered payload', `${head}.${flip(body, 40)}.${signature}`],
    [
      'under an altered header',
      `${Buffer.from(JSON.stringify({ ...HEADER, x: 1 })).toString('base64url')}.${body}.${signature}`,
    ],
  ])('%s is refused', async (_, accessToken) => {
    expect(await reasonOf(accessToken)).toMatch(/^signature_(invalid|not_canonical)$/)
  })

  test('has one spelling: unused bits of the last character are zero', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(signature.at(-1) ?? '')
    const spellings = [1, 2, 3].map((bits) => `${signature.slice(0, -1)}${alphabet[last + bits]}`)
    for (const spelling of spellings) {
      expect(Buffer.from(spelling, 'base64url')).toEqual(Buffer.from(signature, 'base64url'))
      expect(await reasonOf(`${head}.${body}.${spelling}`)).toBe('signature_not_canonical')
    }
  })
})

describe('the claims', () => {
  test.each([
    ['no JSON', token({ payload: 'hello' }), 'payload_malformed'],
    ['a string', token({ payload: '"x"' }), 'payload_malformed'],
    ['no UTF-8', token({ payload: Buffer.from([0x7b, 0xc3, 0x28, 0x7d]) }), 'payload_malformed'],
    ['iss without its slash', withClaims({ iss: ISSUER.slice(0, -1) }), 'iss_mismatch_slash'],
    ['iss with two slashes', withClaims({ iss: `${ISSUER}/` }), 'iss_mismatch'],
    ['iss in other letters', withClaims({ iss: ISSUER.toUpperCase() }), 'iss_mismatch'],
    ['iss with a port', withClaims({ iss: 'https://tenant.eu.auth0.com:443/' }), 'iss_mismatch'],
    ['iss over http', withClaims({ iss: ISSUER.replace('https', 'http') }), 'iss_mismatch'],
    ['iss that begins like it', withClaims({ iss: `${ISSUER}x` }), 'iss_mismatch'],
    [
      'iss of a look-alike',
      withClaims({ iss: 'https://tenant.eu.auth0.com.evil.example/' }),
      'iss_mismatch',
    ],
    ['iss in another script', withClaims({ iss: 'https://tеnant.eu.auth0.com/' }), 'iss_mismatch'],
    ['iss as a list', withClaims({ iss: [ISSUER] }), 'iss_mismatch'],
    ['no iss', withClaims({ iss: undefined }), 'iss_mismatch'],
    ['no aud', withClaims({ aud: undefined }), 'aud_malformed'],
    ['no audience', withClaims({ aud: [] }), 'aud_mismatch'],
    ['the client as aud', withClaims({ aud: 'tpc_chatgpt' }), 'aud_mismatch'],
    [
      'another API of the tenant',
      withClaims({ aud: ['https://other.example/api'] }),
      'aud_mismatch',
    ],
    ['aud with a slash more', withClaims({ aud: `${AUDIENCE}/` }), 'aud_mismatch'],
    ['aud that begins like it', withClaims({ aud: `${AUDIENCE}.evil` }), 'aud_mismatch'],
    ['aud in other letters', withClaims({ aud: AUDIENCE.toUpperCase() }), 'aud_mismatch'],
    ['aud that lists it in one string', withClaims({ aud: `x ${AUDIENCE}` }), 'aud_mismatch'],
    ['aud with a number in it', withClaims({ aud: [AUDIENCE, 1] }), 'aud_malformed'],
    ['aud as an object', withClaims({ aud: { [AUDIENCE]: true } }), 'aud_malformed'],
    ['no exp', withClaims({ exp: undefined }), 'exp_missing'],
    ['exp now', withClaims({ exp: NOW }), 'token_expired'],
    ['exp a second ago', withClaims({ exp: NOW - 1 }), 'token_expired'],
    ['exp as text', withClaims({ exp: String(NOW + 60) }), 'exp_malformed'],
    ['exp null', withClaims({ exp: null }), 'exp_malformed'],
    [
      'exp without end',
      token({ payload: `{"iss":"${ISSUER}","aud":"${AUDIENCE}","sub":"a","exp":1e999}` }),
      'exp_malformed',
    ],
    ['nbf in 6 s', withClaims({ nbf: NOW + 6 }), 'nbf_in_future'],
    ['nbf as text', withClaims({ nbf: 'soon' }), 'nbf_malformed'],
    ['iat in 6 s', withClaims({ iat: NOW + 6 }), 'iat_in_future'],
    ['iat as an object', withClaims({ iat: {} }), 'iat_malformed'],
    ['no sub', withClaims({ sub: undefined }), 'sub_malformed'],
    ['an empty sub', withClaims({ sub: '' }), 'sub_malformed'],
    ['sub as a number', withClaims({ sub: 7 }), 'sub_malformed'],
    ['sub as a list', withClaims({ sub: ['auth0|alice'] }), 'sub_malformed'],
    [
      'half a character in sub',
      token({ payload: JSON.stringify(PAYLOAD).replace('auth0|alice', '\\ud800') }),
      'sub_malformed',
    ],
    ['cnf', withClaims({ cnf: { jkt: 'x' } }), 'token_is_bound'],
    ['cnf null', withClaims({ cnf: null }), 'token_is_bound'],
    ['scope as a list', withClaims({ scope: ['events:read'] }), 'scope_malformed'],
    ['permissions as text', withClaims({ permissions: 'events:read' }), 'permissions_malformed'],
    ['a number among permissions', withClaims({ permissions: ['a', 1] }), 'permissions_malformed'],
  ])('%s', async (_, accessToken, reason) => {
    expect(await reasonOf(accessToken)).toBe(reason)
  })

  test('twice in the text: the last one counts, as for every JSON reader here', async () => {
    const text = JSON.stringify(PAYLOAD)
    const payload = text.replace('{', '{"sub":"auth0|mallory","aud":"https://other.example",')
    expect(await verify(token({ payload }))).toMatchObject({ subject: 'auth0|alice' })
    const other = text.replace(/}$/, ',"aud":"https://other.example"}')
    expect(await reasonOf(token({ payload: other }))).toBe('aud_mismatch')
  })
})

describe('what is granted', () => {
  const granted = async (
    scopeSource: 'scope' | 'scope-or-permissions',
    claims: Readonly<Record<string, unknown>>,
  ) => {
    const verifyAs = createAccessTokenVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      scopeSource,
      jwks,
      now: () => NOW,
    })
    return [...(await verifyAs(withClaims(claims))).scopes].sort()
  }

  test.each([
    [{ scope: 'a b' }, ['a', 'b'], ['a', 'b']],
    [{ scope: ' a  b ' }, ['a', 'b'], ['a', 'b']],
    [{ scope: '' }, [], []],
    [{ scope: 'a', permissions: ['a', 'b'] }, ['a'], ['a', 'b']],
    [{ scope: 'a b', permissions: ['b', 'c'] }, ['b'], ['a', 'b', 'c']],
    [{ scope: 'a', permissions: [] }, [], ['a']],
    [{ scope: undefined, permissions: ['a'] }, [], ['a']],
    [{ scope: 'A', permissions: ['a'] }, [], ['A', 'a']],
    [{ scope: 'a\tb' }, ['a\tb'], ['a\tb']],
  ])('%j: %j by scope, %j by scope or permissions', async (claims, byScope, byEither) => {
    expect(await granted('scope', claims)).toEqual(byScope)
    expect(await granted('scope-or-permissions', claims)).toEqual([...byEither].sort())
  })
})

describe('what is remembered', () => {
  test('a token is verified once, and ends when it expires', async () => {
    let now = NOW
    const own = await keySet()
    const remembering = verifier({ jwks: own, now: () => now })
    const accessToken = withClaims({ exp: NOW + 60 })
    await remembering(accessToken)
    await remembering(accessToken)
    expect(own.asked).toHaveLength(1)
    now = NOW + 60
    await expect(remembering(accessToken)).rejects.toMatchObject({ reason: 'token_expired' })
  })

  test('a token ends with its key', async () => {
    const own = await keySet()
    let isGone = false
    const remembering = verifier({
      jwks: {
        holds: (kid) => !isGone && own.holds(kid),
        key: async (kid) => (isGone ? undefined : own.key(kid)),
      },
    })
    await remembering(token())
    isGone = true
    await expect(remembering(token())).rejects.toMatchObject({ reason: 'kid_unknown' })
  })

  test('of a refused token nothing is', async () => {
    const own = await keySet()
    const remembering = verifier({ jwks: own })
    for (let round = 0; round < 3; round++) {
      await expect(remembering(signedByOthers())).rejects.toMatchObject({
        reason: 'signature_invalid',
      })
    }
    expect(own.asked).toHaveLength(3)
  })

  test('no more than 2,000 are, the oldest go first', async () => {
    const own = await keySet()
    const remembering = verifier({ jwks: own })
    await remembering(token())
    for (let index = 0; index < 2_000; index++) await remembering(withClaims({ jti: index }))
    const before = own.asked.length
    await remembering(withClaims({ jti: 1_999 }))
    expect(own.asked.length).toBe(before)
    await remembering(token())
    expect(own.asked.length).toBe(before + 1)
  })
})
