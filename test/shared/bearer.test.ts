import { describe, expect, test } from 'vitest'
import { BearerError, bearerChallenge, bearerToken } from '../../shared/bearer.ts'

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

describe('Authorization (RFC 6750 s2.1)', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer    abc', 'abc'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('%j carries a token', (field, token) => {
    expect(bearerToken([field])).toBe(token)
  })

  test.each([
    [],
    [''],
    ['Basic dXNlcjpwYXNz'],
    ['DPoP abc'],
    ['Bearerabc'],
    ['Bear er abc'],
    ['abc'],
  ])('%j carries none', (...fields) => {
    expect(bearerToken(fields)).toBeUndefined()
  })

  test.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer abc ',
    'Bearer\tabc',
    'Bearer "abc"',
    'Bearer abc, Bearer def',
    'Bearer abc,def',
    'Bearer =abc',
    'Bearer a=b',
    'Bearer äbc',
    'Bearer abc\u0000',
  ])('%j is malformed: 400', (field) => {
    // A tab ends the scheme for nobody: there it is another scheme.
    if (field.includes('\t')) return expect(bearerToken([field])).toBeUndefined()
    expect(() => bearerToken([field])).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        status: 400,
        reason: 'authorization_malformed',
      }),
    )
  })

  test.each([
    ['Bearer a', 'Bearer a'],
    ['Bearer a', 'Basic b'],
    ['Basic b', 'Bearer a'],
  ])('two fields, %j and %j: 400', (...fields) => {
    expect(() => bearerToken(fields)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        status: 400,
        reason: 'authorization_repeated',
      }),
    )
  })
})

describe('WWW-Authenticate (RFC 6750 s3, RFC 9728 s5.1)', () => {
  test.each([
    [{}, `Bearer resource_metadata="${METADATA}"`],
    [{ scopes: [] }, `Bearer resource_metadata="${METADATA}"`],
    [{ scopes: ['a', 'b:c'] }, `Bearer scope="a b:c", resource_metadata="${METADATA}"`],
    [
      { error: 'invalid_token', errorDescription: 'It has expired.' },
      `Bearer error="invalid_token", error_description="It has expired.", resource_metadata="${METADATA}"`,
    ],
    [
      { error: 'insufficient_scope', scopes: ['a'] },
      `Bearer error="insufficient_scope", scope="a", resource_metadata="${METADATA}"`,
    ],
  ] as const)('%j', (parameters, challenge) => {
    expect(bearerChallenge({ ...parameters, resourceMetadata: METADATA })).toBe(challenge)
  })

  test.each([
    ['a quote', 'say "hi"', "say 'hi'"],
    ['a backslash', 'a\\b', "a'b"],
    ['a line break', 'a\r\nSet-Cookie: b', 'a  Set-Cookie: b'],
    ['a NUL', 'a\u0000b', 'a b'],
    ['letters that a field cannot carry', 'ü→', '  '],
  ])('%s cannot break the field', (_, errorDescription, written) => {
    expect(bearerChallenge({ errorDescription, resourceMetadata: METADATA })).toBe(
      `Bearer error_description="${written}", resource_metadata="${METADATA}"`,
    )
  })
})

test.each([
  [undefined, 401],
  ['invalid_request', 400],
  ['invalid_token', 401],
  ['insufficient_scope', 403],
] as const)('%s has status %i', (code, status) => {
  expect(new BearerError(code, 'reason', 'message').status).toBe(status)
})
