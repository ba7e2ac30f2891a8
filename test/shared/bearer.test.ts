import { describe, expect, test } from 'vitest'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/oauth/bearer.ts'

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

describe('the Authorization field (RFC 6750 s2.1)', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['bEaReR abc', 'abc'],
    ['Bearer    abc', 'abc'],
    ['Bearer a', 'a'],
    ['Bearer .', '.'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('%j contains a token', (field, token) => {
    expect(bearerToken([field])).toBe(token)
  })

  test.each([
    [],
    [''],
    [' '],
    ['Basic dXNlcjpwYXNz'],
    ['DPoP abc'],
    ['Basic dXNlcjpwYXNz, Bearer abc'],
    ['Bearerabc'],
    ['Bearer\tabc'],
    ['Bearer=abc'],
    ['Bearer,abc'],
    ['"Bearer" abc'],
    ['Bear er abc'],
    ['Token Bearer abc'],
    ['abc'],
  ])('%j contains no bearer token', (...fields) => {
    expect(bearerToken(fields)).toBeUndefined()
  })

  test.each([
    'Bearer',
    'bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a  b',
    'Bearer abc ',
    'Bearer abc\t',
    'Bearer \tabc',
    'Bearer "abc"',
    "Bearer 'abc'",
    'Bearer <abc>',
    'Bearer token=abc',
    'Bearer Bearer abc',
    'Bearer abc, Bearer def',
    'Bearer abc,def',
    'Bearer abc;def',
    'Bearer =',
    'Bearer =abc',
    'Bearer a=b',
    'Bearer a%2eb',
    'Bearer äbc',
    'Bearer аbc',
    'Bearer abc\u00a0',
    'Bearer abc\u0000',
    'Bearer abc\r\nX-Admin: 1',
    'Bearer {"token":"abc"}',
  ])('%j is malformed and gets 400', (field) => {
    expect(() => bearerToken([field])).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        status: 400,
        reason: 'authorization_malformed',
        message: 'The Authorization header field is not "Bearer" followed by one token.',
      }),
    )
  })

  test.each([
    ['Bearer a', 'Bearer a'],
    ['Bearer a', 'Basic b'],
    ['Basic b', 'Bearer a'],
    ['Basic b', 'Basic b'],
    ['Bearer a', ''],
    ['', 'Bearer a'],
  ])('gets 400 if it is sent twice, as %j and %j', (...fields) => {
    expect(() => bearerToken(fields)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        status: 400,
        reason: 'authorization_repeated',
        message: 'Send one Authorization header field.',
      }),
    )
  })
})

describe('the WWW-Authenticate field (RFC 6750 s3, RFC 9728 s5.1)', () => {
  test.each([
    [{}, `Bearer resource_metadata="${METADATA}"`],
    [{ scopes: [] }, `Bearer resource_metadata="${METADATA}"`],
    [{ scopes: ['a', 'b:c'] }, `Bearer scope="a b:c", resource_metadata="${METADATA}"`],
    [
      { error: 'invalid_token', errorDescription: 'It has expired.' },
      `Bearer error="invalid_token", error_description="It has expired.", resource_metadata="${METADATA}"`,
    ],
    [
      { scopes: ['z', 'a'], errorDescription: 'D', error: 'insufficient_scope' },
      `Bearer error="insufficient_scope", error_description="D", scope="z a", resource_metadata="${METADATA}"`,
    ],
    [{ errorDescription: '' }, `Bearer error_description="", resource_metadata="${METADATA}"`],
    [
      { error: undefined, errorDescription: undefined, scopes: undefined },
      `Bearer resource_metadata="${METADATA}"`,
    ],
    [
      { error: 'insufficient_scope', scopes: ['a'] },
      `Bearer error="insufficient_scope", scope="a", resource_metadata="${METADATA}"`,
    ],
  ] as const)('contains the parameters %j', (parameters, challenge) => {
    expect(bearerChallenge({ ...parameters, resourceMetadata: METADATA })).toBe(challenge)
  })

  test.each([
    ['a quote', 'say "hi"', "say 'hi'"],
    ['a backslash', 'a\\b', "a'b"],
    ['a line break', 'a\r\nSet-Cookie: b', 'a  Set-Cookie: b'],
    ['a NUL', 'a\u0000b', 'a b'],
    ['a comma and a parameter', '", error="none', "', error='none"],
    ['a line separator', 'a\u2028b\u0085c', 'a b c'],
    ['DEL', 'a\u007fb', 'a b'],
    ['a tab', 'a\tb', 'a b'],
    ['a lone surrogate', 'a\ud800b', 'a b'],
    ['characters outside ASCII', 'ü→', '  '],
  ])('replaces %s in a parameter', (_, errorDescription, written) => {
    expect(bearerChallenge({ errorDescription, resourceMetadata: METADATA })).toBe(
      `Bearer error_description="${written}", resource_metadata="${METADATA}"`,
    )
  })
})

test.each(['scopes', 'resourceMetadata'] as const)(
  'hostile text in %s cannot break the WWW-Authenticate field',
  (name) => {
    const evil = 'a"\r\nSet-Cookie: b\\'
    const challenge = bearerChallenge({
      resourceMetadata: METADATA,
      [name]: name === 'scopes' ? [evil, 'c'] : evil,
    })
    expect(challenge).toBe(
      name === 'scopes'
        ? `Bearer scope="a'  Set-Cookie: b' c", resource_metadata="${METADATA}"`
        : `Bearer resource_metadata="a'  Set-Cookie: b'"`,
    )
  },
)

test.each([
  [undefined, 401],
  ['invalid_request', 400],
  ['invalid_token', 401],
  ['insufficient_scope', 403],
] as const)('the error code %s has status %i', (code, status) => {
  expect(new BearerError(code, 'reason', 'message').status).toBe(status)
})
