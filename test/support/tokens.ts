import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { importJWK } from 'jose'
import type { Jwks } from '../../shared/oauth/jwks.ts'

/** What a resource server expects of a token; `now` is NumericDate seconds. */
export interface Expected {
  readonly issuer: string
  readonly audience: string
  readonly now: number
}

/** The parts of a token before it is signed: text and bytes go as they are, objects as JSON. */
export interface Draft {
  readonly header?: Part
  readonly payload?: Part
}

type Part = string | Buffer | Readonly<Record<string, unknown>>
type Changes = Readonly<Record<string, unknown>>

/** A token that must not pass, and the one answer that it gets. */
export interface HostileToken {
  readonly name: string
  readonly token: string
  readonly status: 400 | 401
  readonly error: 'invalid_request' | 'invalid_token'
  readonly reason: string
}

type Row = readonly [name: string, token: string, reason: string]

export const ISSUER = 'https://tenant.eu.auth0.com/'
export const AUDIENCE = 'https://mcp.example.com/mcp'
/** The clock of every token here. */
export const NOW = 1_800_000_000
export const EXPECTED: Expected = { issuer: ISSUER, audience: AUDIENCE, now: NOW }

const OURS = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const THEIRS = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'key-1' }
export const PAYLOAD = payloadFor(EXPECTED)

/** The claims of a good token. */
export function payloadFor({ issuer, audience, now }: Expected) {
  return {
    iss: issuer,
    aud: [audience, `${issuer}userinfo`],
    sub: 'auth0|alice',
    client_id: 'tpc_chatgpt',
    scope: 'openid events:read',
    iat: now - 60,
    exp: now + 3_600,
  }
}

/** A token as Auth0 signs it, unless the draft differs. */
export function token({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(OURS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** With these claims in place of the good ones; undefined takes a claim away. */
export const withClaims = (claims: Changes) => token({ payload: { ...PAYLOAD, ...claims } })

/** With these header parameters besides the good ones. */
export const withHeader = (parameters: Changes) => token({ header: { ...HEADER, ...parameters } })

/** Signed by a key that the issuer does not have, under the name of one that it has. */
export function signedByOthers({ header = HEADER, payload = PAYLOAD }: Draft = {}): string {
  return signAs(THEIRS.privateKey, `${encode(header)}.${encode(payload)}`)
}

/** The issuer's key set as it is published. */
export function jwksDocument(): { readonly keys: readonly JsonWebKey[] } {
  return { keys: [{ ...jwkOf(OURS.publicKey), kid: HEADER.kid, use: 'sig', alg: 'RS256' }] }
}

/** The issuer's key set, or one with the others' key under its name, with how often it was asked. */
export async function keySet(whose = OURS): Promise<Jwks & { readonly asked: string[] }> {
  const key = await importJWK({ ...jwkOf(whose.publicKey) }, 'RS256')
  if (key instanceof Uint8Array) throw new Error('no key')
  const asked: string[] = []
  const find = (kid: string) => (kid === HEADER.kid ? key : undefined)
  return {
    asked,
    held: find,
    key: async (kid) => {
      asked.push(kid)
      return find(kid)
    },
  }
}

/** Tokens that a resource server must refuse, each a good one but for what its name says. */
export function hostileTokens(expected: Expected = EXPECTED): readonly HostileToken[] {
  const refused = [
    ...hostileForms(expected),
    ...hostileHeaders(expected),
    ...foreignKeys(expected),
    ...hostileSignatures(expected),
    ...hostilePayloads(expected),
    ...hostileIssuersAndAudiences(expected),
    ...hostileClaims(expected),
  ].map(
    ([name, hostile, reason]) =>
      ({ name, token: hostile, status: 401, error: 'invalid_token', reason }) as const,
  )
  const malformed = brokenCredentials(expected).map(
    ([name, hostile, reason]) =>
      ({ name, token: hostile, status: 400, error: 'invalid_request', reason }) as const,
  )
  return [...refused, ...malformed]
}

function partsOf(expected: Expected): readonly [string, string, string] {
  const [head = '', body = '', signature = ''] = token({ payload: payloadFor(expected) }).split('.')
  return [head, body, signature]
}

function hostileForms(expected: Expected): Row[] {
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
      'an encrypted token, as Auth0 makes it without an audience',
      `${encode({ alg: 'dir', enc: 'A256GCM', iss: expected.issuer })}..aXY.Y2lwaGVy.dGFn`,
      'ACCESS_TOKEN_IS_ENCRYPTED_JWE',
    ],
    ['four dots', '....', 'ACCESS_TOKEN_IS_ENCRYPTED_JWE'],
    ['nothing between two dots', '..', 'base64url_malformed'],
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

function hostileHeaders(expected: Expected): Row[] {
  const payload = payloadFor(expected)
  const changed = (parameters: Changes) => token({ header: { ...HEADER, ...parameters }, payload })
  const written = (header: string | Buffer) => token({ header, payload })
  const rows: [string, Changes, string][] = [
    ...['none', 'None', 'nOnE', 'NONE', '', 'HS256', 'HS512', 'RS384', 'RS512'].map(
      (alg): [string, Changes, string] => [`alg "${alg}"`, { alg }, 'alg_not_rs256'],
    ),
    ...['PS256', 'ES256', 'EdDSA', 'rs256', 'RS256 ', 'RS256\0', 'RSA-OAEP', 'dir'].map(
      (alg): [string, Changes, string] => [`alg "${alg}"`, { alg }, 'alg_not_rs256'],
    ),
    ['no alg', { alg: undefined }, 'alg_not_rs256'],
    ['alg null', { alg: null }, 'alg_not_rs256'],
    ['alg as a list', { alg: ['RS256'] }, 'alg_not_rs256'],
    ['typ of an ID token', { typ: 'id_token+jwt' }, 'typ_unexpected'],
    ['typ of a logout token', { typ: 'logout+jwt' }, 'typ_unexpected'],
    ['typ of a DPoP proof', { typ: 'dpop+jwt' }, 'typ_unexpected'],
    ['typ of a security event', { typ: 'secevent+jwt' }, 'typ_unexpected'],
    ['typ of a client assertion', { typ: 'client-authentication+jwt' }, 'typ_unexpected'],
    ['typ of a request object', { typ: 'oauth-authz-req+jwt' }, 'typ_unexpected'],
    ['typ that begins like it', { typ: 'at+jwt2' }, 'typ_unexpected'],
    ['typ with a parameter', { typ: 'at+jwt;x=y' }, 'typ_unexpected'],
    ['an empty typ', { typ: '' }, 'typ_unexpected'],
    ['typ null', { typ: null }, 'typ_unexpected'],
    ['typ as a list', { typ: ['at+jwt'] }, 'typ_unexpected'],
    ['crit', { crit: ['exp'], exp: 1 }, 'crit_not_understood'],
    ['an empty crit', { crit: [] }, 'crit_not_understood'],
    ['crit null', { crit: null }, 'crit_not_understood'],
    ['b64 false', { b64: false, crit: ['b64'] }, 'crit_not_understood'],
    ['b64 without crit', { b64: true }, 'crit_not_understood'],
    ['no kid', { kid: undefined }, 'kid_missing'],
    ['an empty kid', { kid: '' }, 'kid_missing'],
    ['kid as a number', { kid: 1 }, 'kid_missing'],
    ['kid as a list', { kid: ['key-1'] }, 'kid_missing'],
    ['another kid', { kid: 'key-2' }, 'kid_unknown'],
    ['kid in other letters', { kid: 'KEY-1' }, 'kid_unknown'],
    ['a prototype name as kid', { kid: '__proto__' }, 'kid_unknown'],
    ['a path as kid', { kid: '../../../dev/null' }, 'kid_unknown'],
    ['a query as kid', { kid: "' UNION SELECT 'key" }, 'kid_unknown'],
  ]
  return [
    ...rows.map(([name, change, reason]): Row => [name, changed(change), reason]),
    [
      'alg twice, none last',
      written('{"alg":"RS256","alg":"none","kid":"key-1"}'),
      'alg_not_rs256',
    ],
    ['alg of the prototype', written('{"__proto__":{"alg":"RS256"}}'), 'alg_not_rs256'],
    ['half a header', written('{"alg":"RS256"'), 'header_malformed'],
    ['a list as header', written('[]'), 'header_malformed'],
    ['null as header', written('null'), 'header_malformed'],
    ['a string as header', written('"RS256"'), 'header_malformed'],
    ['a header in single quotes', written("{'alg':'RS256'}"), 'header_malformed'],
    ['a comma too many in the header', written('{"alg":"RS256",}'), 'header_malformed'],
    [
      'a header with a byte order mark',
      written(`\ufeff${JSON.stringify(HEADER)}`),
      'header_malformed',
    ],
    [
      'a header with a broken letter',
      written(broken(JSON.stringify(HEADER), 'at+jwt')),
      'header_malformed',
    ],
    [
      'a header in UTF-16',
      written(Buffer.from(JSON.stringify(HEADER), 'utf16le')),
      'header_malformed',
    ],
  ]
}

function foreignKeys(expected: Expected): Row[] {
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
    ['by its modulus', String(jwkOf(OURS.publicKey).n)],
  ]
  const hmac = (secret: string | Buffer, alg: string) => {
    const signed = `${encode({ ...HEADER, alg })}.${encode(payload)}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  return [
    ['signed by somebody else', theirs({}), 'signature_invalid'],
    ['a jwk of its own', theirs({ jwk }), 'signature_invalid'],
    ['a jwk of its own and no kid', theirs({ jwk, kid: undefined }), 'kid_missing'],
    [
      'a jwk of its own and its kid',
      theirs({ jwk: { ...jwk, kid: 'x' }, kid: 'x' }),
      'kid_unknown',
    ],
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
    ['RS256 that is HS256', hmac(pem, 'RS256'), 'signature_invalid'],
    ['HS256 with an empty secret', hmac('', 'HS256'), 'alg_not_rs256'],
  ]
}

function hostileSignatures(expected: Expected): Row[] {
  const [head, body, signature] = partsOf(expected)
  const signed = `${head}.${body}`
  const under = (text: string) => signAs(OURS.privateKey, text).split('.').at(-1) ?? ''
  const bits = [1, 2, 3].map((unused) => setUnusedBits(signature, unused))
  const rows: [string, string, string][] = [
    ['of another token', `${head}.${encode({ sub: 'x' })}`, signature],
    ['of the payload alone', signed, under(body)],
    ['of nothing', signed, under('')],
    ['all zeros', signed, 'A'.repeat(signature.length)],
    ['all ones', signed, `${'_'.repeat(signature.length - 1)}w`],
    ['cut by 3 bytes', signed, cut(signature, 3)],
    ['cut to one byte', signed, cut(signature, 255)],
    ['longer by 3 bytes', signed, `AAAA${signature}`],
    ['with its first bit turned', signed, flip(signature, 0)],
    ['with a bit turned in the middle', signed, flip(signature, 170)],
    ['with a bit turned near the end', signed, flip(signature, signature.length - 2)],
    ['under an altered header', `${encode({ ...HEADER, x: 1 })}.${body}`, signature],
    ['under an altered payload', `${head}.${flip(body, 40)}`, signature],
    ['under a payload with a letter more', `${signed}A`, signature],
    ['by PSS', signed, signPss(signed)],
    [
      'by SHA-512',
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
        `a signature in its ${index + 2}. spelling`,
        `${signed}.${altered}`,
        'signature_not_canonical',
      ],
    ),
    ['a signature of an impossible length', `${signed}.${signature}AAA`, 'signature_not_canonical'],
  ]
}

function hostilePayloads(expected: Expected): Row[] {
  const good = JSON.stringify(payloadFor(expected))
  const written = (payload: string | Buffer) => token({ payload })
  const last = (claim: string) => written(good.replace(/}$/, `,${claim}}`))
  return [
    ['text as payload', written('hello'), 'payload_malformed'],
    ['a string as payload', written('"x"'), 'payload_malformed'],
    ['a list as payload', written(`[${good}]`), 'payload_malformed'],
    ['null as payload', written('null'), 'payload_malformed'],
    ['a token as payload', written(token()), 'payload_malformed'],
    ['half a payload', written(good.slice(0, -1)), 'payload_malformed'],
    ['two payloads', written(`${good}${good}`), 'payload_malformed'],
    ['brackets 3,000 deep', written('['.repeat(3_000)), 'payload_malformed'],
    ['a payload with a byte order mark', written(`\ufeff${good}`), 'payload_malformed'],
    ['a payload with a broken letter', written(broken(good, 'alice')), 'payload_malformed'],
    ['a payload in UTF-16', written(Buffer.from(good, 'utf16le')), 'payload_malformed'],
    ['an empty payload', written('{}'), 'iss_mismatch'],
    ['claims of the prototype', written(`{"__proto__":${good}}`), 'iss_mismatch'],
    ['iss twice, a foreign one last', last('"iss":"https://evil.example/"'), 'iss_mismatch'],
    ['aud twice, a foreign one last', last('"aud":"https://other.example"'), 'aud_mismatch'],
    ['exp twice, a past one last', last(`"exp":${expected.now - 1}`), 'token_expired'],
    ['sub twice, an empty one last', last('"sub":""'), 'sub_malformed'],
    ['sub with half a character', last('"sub":"auth0|\\ud800"'), 'sub_malformed'],
    ['exp without end', last('"exp":1e999'), 'exp_malformed'],
  ]
}

function hostileIssuersAndAudiences(expected: Expected): Row[] {
  const { issuer, audience } = expected
  const { host, hostname } = new URL(issuer)
  const claims = (changes: Changes) => token({ payload: { ...payloadFor(expected), ...changes } })
  const issuers: [string, unknown][] = [
    ['with two slashes', `${issuer}/`],
    ['with a path', `${issuer}x`],
    ['with a query', `${issuer}?x`],
    ['in capitals', issuer.toUpperCase()],
    ['with white space', `${issuer} `],
    ['with a NUL', `${issuer}\0`],
    ['with a user', issuer.replace('//', '//user@')],
    ['with a port', issuer.replace(host, `${hostname}:444`)],
    ['over another scheme', issuer.replace(/^https?/, 'ftp')],
    ['of a host that begins like it', `https://${hostname}.evil.example/`],
    ['of a host that ends like it', `https://evil-${hostname}/`],
    ['of a host in another script', issuer.replace(/[ae0]/, '\u0430')],
    ['without its scheme', `${host}/`],
    ['as a list', [issuer]],
    ['as an object', { [issuer]: true }],
    ['null', null],
    ['left out', undefined],
    ['empty', ''],
  ]
  const audiences: [string, unknown][] = [
    ['empty', ''],
    ['of nobody', []],
    ['of a client, as in an ID token', 'tpc_chatgpt'],
    ['of the userinfo endpoint alone', `${issuer}userinfo`],
    ['of the Management API', `${issuer}api/v2/`],
    ['of another API', ['https://other.example/api', `${issuer}userinfo`]],
    ['with a slash more', `${audience}/`],
    ['with a letter less', audience.slice(0, -1)],
    ['that begins like it', `${audience}.evil.example`],
    ['that ends like it', `https://evil.example/?${audience}`],
    ['of the origin alone', new URL(audience).origin],
    ['in capitals', audience.toUpperCase()],
    ['with white space', ` ${audience}`],
    ['of several in one string', `${audience} ${issuer}userinfo`],
    ['with a fragment', `${audience}#x`],
    ['percent-encoded', encodeURIComponent(audience)],
  ]
  const malformed: [string, unknown][] = [
    ['left out', undefined],
    ['null', null],
    ['as a number', 1],
    ['as an object', { [audience]: true }],
    ['in a list in a list', [[audience]]],
    ['beside a number', [audience, 1]],
    ['beside null', [audience, null]],
  ]
  return [
    ['iss without its slash', claims({ iss: issuer.slice(0, -1) }), 'iss_mismatch_slash'],
    ...issuers.map(([name, iss]): Row => [`iss ${name}`, claims({ iss }), 'iss_mismatch']),
    ...audiences.map(([name, aud]): Row => [`aud ${name}`, claims({ aud }), 'aud_mismatch']),
    ...malformed.map(([name, aud]): Row => [`aud ${name}`, claims({ aud }), 'aud_malformed']),
    [
      'an ID token',
      claims({
        aud: 'tpc_chatgpt',
        nonce: 'n',
        at_hash: 'h',
        client_id: undefined,
        scope: undefined,
      }),
      'aud_mismatch',
    ],
    [
      'an ID token with the typ of one',
      token({ header: { ...HEADER, typ: 'JWT' }, payload: { ...payloadFor(expected), aud: 'c' } }),
      'aud_mismatch',
    ],
  ]
}

function hostileClaims(expected: Expected): Row[] {
  const { now } = expected
  const rows: [string, Changes, string][] = [
    ['exp left out', { exp: undefined }, 'exp_missing'],
    ['exp this second', { exp: now }, 'token_expired'],
    ['exp a second ago', { exp: now - 1 }, 'token_expired'],
    ['exp 0', { exp: 0 }, 'token_expired'],
    ['exp before the epoch', { exp: -now }, 'token_expired'],
    ['nbf 6 s ahead', { nbf: now + 6 }, 'nbf_in_future'],
    ['nbf 5.5 s ahead', { nbf: now + 5.5 }, 'nbf_in_future'],
    ['iat 6 s ahead', { iat: now + 6 }, 'iat_in_future'],
    ['iat in milliseconds', { iat: now * 1_000 }, 'iat_in_future'],
    ...['exp', 'nbf', 'iat'].flatMap((name) =>
      [null, true, String(now + 60), [now + 60], {}].map((value): [string, Changes, string] => [
        `${name} ${JSON.stringify(value)}`,
        { [name]: value },
        `${name}_malformed`,
      ]),
    ),
    ...[undefined, null, '', 7, 0, true, ['auth0|alice'], { id: 1 }].map(
      (sub): [string, Changes, string] => [
        `sub ${JSON.stringify(sub) ?? 'left out'}`,
        { sub },
        'sub_malformed',
      ],
    ),
    ...[{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null, ''].map((cnf): [string, Changes, string] => [
      `cnf ${JSON.stringify(cnf)}`,
      { cnf },
      'token_is_bound',
    ]),
    ...[null, 1, ['events:read'], { 'events:read': true }].map(
      (scope): [string, Changes, string] => [
        `scope ${JSON.stringify(scope)}`,
        { scope },
        'scope_malformed',
      ],
    ),
    ...[null, 'events:read', { 0: 'events:read', length: 1 }, ['events:read', 1], [['a']]].map(
      (permissions): [string, Changes, string] => [
        `permissions ${JSON.stringify(permissions)}`,
        { permissions },
        'permissions_malformed',
      ],
    ),
  ]
  return rows.map(([name, changes, reason]) => [
    name,
    token({ payload: { ...payloadFor(expected), ...changes } }),
    reason,
  ])
}

/** What is no b64token (RFC 6750 s2.1) is refused before it is taken for a token. */
function brokenCredentials(expected: Expected): Row[] {
  const [head, body, signature] = partsOf(expected)
  return [
    ['white space', `${head}. ${body}.${signature}`, 'authorization_malformed'],
    ['padding in the middle', `${head}=.${body}.${signature}`, 'authorization_malformed'],
    ['quotes', `"${head}.${body}.${signature}"`, 'authorization_malformed'],
    ['a list', `${head}.${body}.${signature},x`, 'authorization_malformed'],
  ]
}

function signAs(key: KeyObject, signed: string): string {
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

function signPss(signed: string): string {
  // 6 is RSA_PKCS1_PSS_PADDING.
  const key = { key: OURS.privateKey, padding: 6, saltLength: 32 }
  return sign('sha256', Buffer.from(signed), key).toString('base64url')
}

function encode(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

function jwkOf(key: KeyObject): JsonWebKey {
  return key.export({ format: 'jwk' })
}

/** With bytes in place of this word that are no UTF-8. */
function broken(text: string, word: string): Buffer {
  return Buffer.from(text.replace(word, '\xc3('), 'latin1')
}

function cut(base64url: string, bytes: number): string {
  return Buffer.from(base64url, 'base64url').subarray(0, -bytes).toString('base64url')
}

function flip(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

/** 256 bytes leave 4 bits of the last character unused; the canonical spelling has zeros there. */
function setUnusedBits(text: string, bits: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? '')
  return `${text.slice(0, -1)}${alphabet[last + bits]}`
}
