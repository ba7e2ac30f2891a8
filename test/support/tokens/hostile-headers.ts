import { broken, type Row } from './hostile-row.ts'
import { type Changes, type Expected, HEADER, payloadFor, token } from './token.ts'

/** Tokens whose header is malformed or has another algorithm, type or key. */
export function hostileHeaders(expected: Expected): Row[] {
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
    ['typ that starts like it', { typ: 'at+jwt2' }, 'typ_unexpected'],
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
    ['kid in capitals', { kid: 'KEY-1' }, 'kid_unknown'],
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
    ['a trailing comma in the header', written('{"alg":"RS256",}'), 'header_malformed'],
    [
      'a header with a byte order mark',
      written(`\ufeff${JSON.stringify(HEADER)}`),
      'header_malformed',
    ],
    [
      'a header with invalid UTF-8',
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
