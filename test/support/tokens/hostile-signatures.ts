import { createHmac, sign } from 'node:crypto'
import type { Row } from './hostile-row.ts'
import {
  type Changes,
  type Expected,
  encode,
  HEADER,
  jwkOf,
  OURS,
  partsOf,
  payloadFor,
  signAs,
  signedByOthers,
  THEIRS,
} from './token.ts'

/** Tokens that are signed with another key. */
export function foreignKeys(expected: Expected): Row[] {
  const payload = payloadFor(expected)
  const theirs = (parameters: Changes) =>
    signedByOthers({ header: { ...HEADER, ...parameters }, payload })
  const jwk = jwkOf(THEIRS.publicKey)
  const spki = { type: 'spki', format: 'der' } as const
  const der = OURS.publicKey.export(spki)
  const pem = OURS.publicKey.export({ ...spki, format: 'pem' })
  const secrets: [string, string | Buffer][] = [
    ['in PEM', pem],
    ['in PEM without its last line break', String(pem).trim()],
    ['in DER', der],
    ['in DER, base64', der.toString('base64')],
    ['as a JWK', JSON.stringify(jwkOf(OURS.publicKey))],
    ['modulus', String(jwkOf(OURS.publicKey).n)],
  ]
  const hmac = (secret: string | Buffer, alg: string) => {
    const signed = `${encode({ ...HEADER, alg })}.${encode(payload)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  return [
    ['signed with a foreign key', theirs({}), 'signature_invalid'],
    ['its own jwk', theirs({ jwk }), 'signature_invalid'],
    ['its own jwk and no kid', theirs({ jwk, kid: undefined }), 'kid_missing'],
    ['its own jwk and its kid', theirs({ jwk: { ...jwk, kid: 'x' }, kid: 'x' }), 'kid_unknown'],
    ['jku', theirs({ jku: 'https://evil.example/jwks.json' }), 'signature_invalid'],
    ['x5u', theirs({ x5u: 'https://evil.example/chain.pem' }), 'signature_invalid'],
    ['x5c', theirs({ x5c: ['MIIB'] }), 'signature_invalid'],
    ...secrets.map(
      ([form, secret]): Row => [
        `HS256 with the public key ${form}`,
        hmac(secret, 'HS256'),
        'alg_not_rs256',
      ],
    ),
    ['HS256 declared as RS256', hmac(pem, 'RS256'), 'signature_invalid'],
    ['HS256 with an empty secret', hmac('', 'HS256'), 'alg_not_rs256'],
  ]
}

/** Tokens with the signature of another text, or with another encoding of the signature. */
export function hostileSignatures(expected: Expected): Row[] {
  const [head, body, signature] = partsOf(expected)
  const signed = `${head}.${body}`
  const under = (text: string) => signAs(OURS.privateKey, text).split('.').at(-1) ?? ''
  const bits = [1, 2, 3].map((unused) => setUnusedBits(signature, unused))
  const rows: [string, string, string][] = [
    ['of another token', `${head}.${encode({ sub: 'x' })}`, signature],
    ['of only the payload', signed, under(body)],
    ['of an empty text', signed, under('')],
    ['all zeros', signed, 'A'.repeat(signature.length)],
    ['all ones', signed, `${'_'.repeat(signature.length - 1)}w`],
    ['cut by 3 bytes', signed, cut(signature, 3)],
    ['cut to one byte', signed, cut(signature, 255)],
    ['longer by 3 bytes', signed, `AAAA${signature}`],
    ['with a changed start', signed, flip(signature, 0)],
    ['with a changed middle', signed, flip(signature, 170)],
    ['with a changed end', signed, flip(signature, signature.length - 2)],
    ['with an altered header', `${encode({ ...HEADER, x: 1 })}.${body}`, signature],
    ['with an altered payload', `${head}.${flip(body, 40)}`, signature],
    ['with a longer payload', `${signed}A`, signature],
    ['with PSS', signed, signPss(signed)],
    [
      'with SHA-512',
      signed,
      sign('sha512', Buffer.from(signed), OURS.privateKey).toString('base64url'),
    ],
  ]
  return [
    ...rows.map(
      ([name, text, altered]): Row => [
        `a signature ${name}`,
        `${text}.${altered}`,
        'signature_invalid',
      ],
    ),
    ...bits.map(
      (altered, index): Row => [
        `non-canonical signature ${index + 1}`,
        `${signed}.${altered}`,
        'signature_not_canonical',
      ],
    ),
    ['a signature of an impossible length', `${signed}.${signature}AAA`, 'signature_not_canonical'],
  ]
}

function signPss(signed: string): string {
  // 6 is RSA_PKCS1_PSS_PADDING.
  const key = { key: OURS.privateKey, padding: 6, saltLength: 32 }
  return sign('sha256', Buffer.from(signed), key).toString('base64url')
}

function cut(base64url: string, bytes: number): string {
  return Buffer.from(base64url, 'base64url').subarray(0, -bytes).toString('base64url')
}

function flip(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

/** 256 bytes leave 4 bits of the last character unused. They are zero in the canonical encoding. */
function setUnusedBits(text: string, bits: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? '')
  return `${text.slice(0, -1)}${alphabet[last + bits]}`
}
