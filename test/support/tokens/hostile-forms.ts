import type { Row } from './hostile-row.ts'
import { type Expected, encode, partsOf } from './token.ts'

/** Tokens that are not three parts in base64url. */
export function hostileForms(expected: Expected): Row[] {
  const [head, body, signature] = partsOf(expected)
  return [
    ['one character', 'a', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['an opaque token', 'kf2K0GvVbR7nM1', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['a dot', '.', 'ACCESS_TOKEN_IS_OPAQUE'],
    ['two parts', `${head}.${body}`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['four parts', `${head}.${body}.${signature}.x`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['a dot at the end', `${head}.${body}.${signature}.`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['a dot at the start', `.${head}.${body}.${signature}`, 'ACCESS_TOKEN_IS_OPAQUE'],
    ['six parts', 'a.b.c.d.e.f', 'ACCESS_TOKEN_IS_OPAQUE'],
    [
      'an encrypted token',
      `${encode({ alg: 'dir', enc: 'A256GCM', iss: expected.issuer })}..aXY.Y2lwaGVy.dGFn`,
      'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
    ],
    ['four dots', '....', 'ACCESS_TOKEN_IS_ENCRYPTED_JWE'],
    ['two dots', '..', 'base64url_malformed'],
    ['no header', `.${body}.${signature}`, 'base64url_malformed'],
    ['no payload', `${head}..${signature}`, 'base64url_malformed'],
    ['no signature', `${head}.${body}.`, 'base64url_malformed'],
    ['padding', `${head}.${body}.${signature}==`, 'base64url_malformed'],
    ['base64 in the payload', `${head}.${body}+/.${signature}`, 'base64url_malformed'],
    ['base64 in the signature', `${head}.${body}.+${signature.slice(1)}`, 'base64url_malformed'],
    ['a tilde', `${head}.${body}~.${signature}`, 'base64url_malformed'],
    ['three letters', 'a.b.c', 'signature_not_canonical'],
  ]
}

/** Credentials that are not a b64token (RFC 6750 s2.1), which are rejected before the token is parsed. */
export function brokenCredentials(expected: Expected): Row[] {
  const [head, body, signature] = partsOf(expected)
  return [
    ['white space', `${head}. ${body}.${signature}`, 'authorization_malformed'],
    ['padding in the middle', `${head}=.${body}.${signature}`, 'authorization_malformed'],
    ['quotes', `"${head}.${body}.${signature}"`, 'authorization_malformed'],
    ['a list', `${head}.${body}.${signature},x`, 'authorization_malformed'],
  ]
}
