import { generateKeyPair } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createAccessTokenVerifier,
  type VerifyAccessToken,
} from '../../shared/oauth/access-token.ts'
import { BearerError } from '../../shared/oauth/bearer.ts'
import type { Jwks } from '../../shared/oauth/jwks.ts'
import { hostileTokens } from '../support/tokens/hostile-tokens.ts'
import {
  AUDIENCE,
  HEADER,
  ISSUER,
  keySet,
  NOW,
  PAYLOAD,
  signedByOthers,
  THEIRS,
  token,
  withClaims,
  withHeader,
} from '../support/tokens/token.ts'

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

/** The messages of reasons that clients may see. All other reasons have the same message. */
const SAID = new Map([
  ['token_expired', 'The access token has expired.'],
  [
    'ACCESS_TOKEN_IS_OPAQUE',
    'ACCESS_TOKEN_IS_OPAQUE: not a token for this API. Request one with the audience of this API.',
  ],
  [
    'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
    'ACCESS_TOKEN_IS_ENCRYPTED_JWE: not a token for this API. Request one with the audience of this API.',
  ],
])

async function reasonOf(accessToken: string): Promise<string> {
  try {
    await verify(accessToken)
    return 'accepted'
  } catch (error) {
    expect(error).toBeInstanceOf(BearerError)
    const { code, status, reason, message } = error as BearerError
    expect({ code, status, message }).toEqual({
      code: 'invalid_token',
      status: 401,
      message: SAID.get(reason) ?? 'The access token is not valid here.',
    })
    return reason
  }
}

describe('a valid token', () => {
  test('gives the caller', async () => {
    expect(await verify(token())).toEqual({
      subject: 'auth0|alice',
      clientId: 'tpc_chatgpt',
      scopes: new Set(['openid', 'events:read']),
      expiresAt: NOW + 3_600,
    })
  })

  test.each([
    ['typ in full', withHeader({ typ: 'application/at+jwt' })],
    ["Auth0's typ", withHeader({ typ: 'JWT' })],
    ['typ in capitals', withHeader({ typ: 'AT+JWT' })],
    ['no typ', withHeader({ typ: undefined })],
    ['one audience as a string', withClaims({ aud: AUDIENCE })],
    [
      'the audience as the last of two',
      withClaims({ aud: ['https://other.example/api', AUDIENCE] }),
    ],
    ['the audience twice', withClaims({ aud: [AUDIENCE, AUDIENCE] })],
    ['azp instead of client_id', withClaims({ client_id: undefined, azp: 'c' })],
    ['no client', withClaims({ client_id: undefined })],
    ['no scope', withClaims({ scope: undefined })],
    ['one second left', withClaims({ exp: NOW + 1 })],
    ['a fractional exp', withClaims({ exp: NOW + 0.5 })],
    ['nbf and iat 5 s in the future', withClaims({ nbf: NOW + 5, iat: NOW + 5 })],
    ['unknown claims', withClaims({ gty: 'password', 'https://x.example/y': { z: [1] } })],
    ['no iat', withClaims({ iat: undefined })],
    ['a size of almost 16 KiB', withClaims({ pad: 'x'.repeat(11_400) })],
    ['unknown header parameters', withHeader({ jwk: { kty: 'RSA' }, x5t: 'x' })],
  ])('can have %s', async (_, accessToken) => {
    expect(await reasonOf(accessToken)).toBe('accepted')
  })

  test.each([
    [{ client_id: 'a', azp: 'b' }, 'a'],
    [{ client_id: undefined, azp: 'b' }, 'b'],
    [{ client_id: null, azp: 'b' }, 'b'],
    [{ client_id: undefined }, undefined],
    [{ client_id: '' }, undefined],
    [{ client_id: 7 }, undefined],
  ])('with %j has the client ID %j', async (claims, clientId) => {
    expect(await verify(withClaims(claims))).toMatchObject({ clientId })
  })
})

describe('a hostile token', () => {
  test.each(hostileTokens())(
    'is refused with the reason $reason: $name',
    async ({ token: hostile, status, reason }) => {
      // In this test the token does not pass the checks of the header field first.
      expect(await reasonOf(hostile)).toBe(status === 400 ? 'base64url_malformed' : reason)
    },
  )

  const [head, body, signature] = token().split('.')
  test.each([
    ['a line break', `${head}.${body}.${signature}\n`, 'base64url_malformed'],
    ['a NUL', `${head}.${body}\u0000.${signature}`, 'base64url_malformed'],
    ['a letter of another script', `${head}.${body}\u0430.${signature}`, 'base64url_malformed'],
    ['an empty text', '', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['one character more than 16 KiB', 'A'.repeat(16_385), 'token_too_long'],
    [
      'an otherwise valid token over 16 KiB',
      withClaims({ pad: 'x'.repeat(12_000) }),
      'token_too_long',
    ],
    ['a million dots', '.'.repeat(1_000_000), 'token_too_long'],
  ])('is refused: %s', async (_, hostile, reason) => {
    expect(await reasonOf(hostile)).toBe(reason)
  })

  test('includes three other spellings of a valid signature', async () => {
    const valid = Buffer.from(signature ?? '', 'base64url')
    const spellings = hostileTokens()
      .filter(({ reason }) => reason === 'signature_not_canonical')
      .map(({ token: hostile }) => hostile)
    const same = spellings.filter((hostile) =>
      Buffer.from(hostile.split('.')[2] ?? '', 'base64url').equals(valid),
    )
    expect(same).toHaveLength(3)
    expect(new Set([...same, token()]).size).toBe(4)
    expect(await reasonOf(token())).toBe('accepted')
    for (const hostile of same) expect(await reasonOf(hostile)).toBe('signature_not_canonical')
  })
})

describe('a duplicate name (RFC 7515 s4, RFC 7519 s4)', () => {
  test('in the header has its last value', async () => {
    const header = '{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"key-1"}'
    expect(await reasonOf(token({ header }))).toBe('accepted')
  })

  test('in the claims has its last value', async () => {
    const payload = JSON.stringify(PAYLOAD).replace(
      '{',
      '{"sub":"auth0|mallory","aud":"https://other.example",',
    )
    expect(await verify(token({ payload }))).toMatchObject({ subject: 'auth0|alice' })
  })
})

describe('the granted scopes', () => {
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
    [{ scope: undefined }, [], []],
    [{ scope: undefined, permissions: [] }, [], []],
    [{ scope: 'a a', permissions: ['a', 'a'] }, ['a'], ['a']],
    [{ scope: 'a', permissions: ['a', 'b'] }, ['a'], ['a', 'b']],
    [{ scope: 'a b', permissions: ['b', 'c'] }, ['b'], ['a', 'b', 'c']],
    [{ scope: 'a', permissions: [] }, [], ['a']],
    [{ scope: undefined, permissions: ['a'] }, [], ['a']],
    [{ scope: 'A', permissions: ['a'] }, [], ['A', 'a']],
    [{ scope: 'a\tb c\nd é e' }, ['e'], ['e']],
    [{ scope: 'a', permissions: ['a', 'b c', 'd\ne', ''] }, ['a'], ['a']],
  ])(
    'of %j are %j with SCOPE_SOURCE=scope and %j with scope-or-permissions',
    async (claims, byScope, byEither) => {
      expect(await granted('scope', claims)).toEqual(byScope)
      expect(await granted('scope-or-permissions', claims)).toEqual([...byEither].sort())
    },
  )
})

describe('the organization of a token', () => {
  const expected = { issuer: ISSUER, audience: AUDIENCE, scopeSource: 'scope' } as const
  const verifyIn = (organizations?: readonly string[]) =>
    createAccessTokenVerifier({ ...expected, organizations, jwks, now: () => NOW })

  test.each([
    ['org_acme', ['org_acme']],
    ['org_acme', ['org_other', 'org_acme']],
    ['org_acme', undefined],
    [undefined, undefined],
  ])('is accepted if org_id is %s and %j are expected', async (org_id, organizations) => {
    const accessToken = withClaims({ org_id })
    expect((await verifyIn(organizations)(accessToken)).subject).toBe('auth0|alice')
  })

  test.each([
    [undefined, 'org_id_missing'],
    ['org_other', 'org_id_mismatch'],
    ['ORG_ACME', 'org_id_mismatch'],
    ['', 'org_id_mismatch'],
    [null, 'org_id_mismatch'],
    [['org_acme'], 'org_id_mismatch'],
  ])('is refused if org_id is %j and org_acme is expected: %s', async (org_id, reason) => {
    const refused = verifyIn(['org_acme'])(withClaims({ org_id }))
    await expect(refused).rejects.toMatchObject({ code: 'invalid_token', status: 401, reason })
  })
})

describe('the cache of tokens', () => {
  test('verifies a token once and drops it when it expires', async () => {
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

  test('drops a token when its key is removed', async () => {
    const own = await keySet()
    let isGone = false
    const remembering = verifier({
      jwks: {
        held: (kid) => (isGone ? undefined : own.held(kid)),
        key: async (kid) => (isGone ? undefined : own.key(kid)),
      },
    })
    await remembering(token())
    isGone = true
    await expect(remembering(token())).rejects.toMatchObject({ reason: 'kid_unknown' })
  })

  test('drops a token when another key has the same key ID', async () => {
    let own = await keySet()
    const remembering = verifier({
      jwks: { held: (kid) => own.held(kid), key: (kid) => own.key(kid) },
    })
    await remembering(token())
    own = await keySet(THEIRS)
    await expect(remembering(token())).rejects.toMatchObject({ reason: 'signature_invalid' })
  })

  test('does not contain a token for which the verifier itself failed', async () => {
    const own = await keySet()
    const { privateKey } = await generateKeyPair('RS256')
    let key = privateKey
    const remembering = verifier({
      jwks: { held: () => key, key: async () => key },
    })
    // Web Crypto refuses to verify with a private key.
    await expect(remembering(token())).rejects.not.toBeInstanceOf(BearerError)
    key = own.held(HEADER.kid) as typeof key
    await expect(remembering(token())).resolves.toMatchObject({ subject: 'auth0|alice' })
  })

  test('contains a forged token until its key changes', async () => {
    let own = await keySet()
    const remembering = verifier({
      jwks: { held: (kid) => own.held(kid), key: (kid) => own.key(kid) },
    })
    const forgery = signedByOthers()
    for (let round = 0; round < 3; round++) {
      await expect(remembering(forgery)).rejects.toMatchObject({ reason: 'signature_invalid' })
    }
    own = await keySet(THEIRS)
    await expect(remembering(forgery)).resolves.toMatchObject({ subject: 'auth0|alice' })
  })

  test('does not contain a token that is refused for another reason', async () => {
    let now = NOW
    const remembering = verifier({ jwks: await keySet(), now: () => now })
    const early = withClaims({ nbf: NOW + 60 })
    await expect(remembering(early)).rejects.toMatchObject({ reason: 'nbf_in_future' })
    now = NOW + 60
    await expect(remembering(early)).resolves.toMatchObject({ subject: 'auth0|alice' })
  })

  test('contains at most 2,000 tokens and drops the oldest first', async () => {
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
