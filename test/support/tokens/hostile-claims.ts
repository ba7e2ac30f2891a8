import { broken, type Row } from './hostile-row.ts'
import { type Changes, type Expected, HEADER, payloadFor, token } from './token.ts'

/** Tokens whose payload is malformed or contains a claim twice. */
export function hostilePayloads(expected: Expected): Row[] {
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
    ['a payload with invalid UTF-8', written(broken(good, 'alice')), 'payload_malformed'],
    ['a payload in UTF-16', written(Buffer.from(good, 'utf16le')), 'payload_malformed'],
    ['an empty payload', written('{}'), 'iss_mismatch'],
    ['claims of the prototype', written(`{"__proto__":${good}}`), 'iss_mismatch'],
    ['iss twice, a foreign one last', last('"iss":"https://evil.example/"'), 'iss_mismatch'],
    ['aud twice, a foreign one last', last('"aud":"https://other.example"'), 'aud_mismatch'],
    ['exp twice, a past one last', last(`"exp":${expected.now - 1}`), 'token_expired'],
    ['sub twice, an empty one last', last('"sub":""'), 'sub_malformed'],
    ['sub with a lone surrogate', last('"sub":"auth0|\\ud800"'), 'sub_malformed'],
    ['an infinite exp', last('"exp":1e999'), 'exp_malformed'],
  ]
}

/** Tokens of another issuer or for another audience. */
export function hostileIssuersAndAudiences(expected: Expected): Row[] {
  const { issuer, audience } = expected
  const { host, hostname } = new URL(issuer)
  const claims = (changes: Changes) => token({ payload: { ...payloadFor(expected), ...changes } })
  const issuers: [string, unknown][] = [
    ['with two trailing slashes', `${issuer}/`],
    ['with a path', `${issuer}x`],
    ['with a query', `${issuer}?x`],
    ['in capitals', issuer.toUpperCase()],
    ['with white space', `${issuer} `],
    ['with a NUL', `${issuer}\0`],
    ['with a user', issuer.replace('//', '//user@')],
    ['with a port', issuer.replace(host, `${hostname}:444`)],
    ['over another scheme', issuer.replace(/^https?/, 'ftp')],
    ['of a host that starts like it', `https://${hostname}.evil.example/`],
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
    ['as an empty list', []],
    ['of a client, as in an ID token', 'tpc_chatgpt'],
    ['of only the userinfo endpoint', `${issuer}userinfo`],
    ['of the Management API', `${issuer}api/v2/`],
    ['of another API', ['https://other.example/api', `${issuer}userinfo`]],
    ['with a trailing slash', `${audience}/`],
    ['without its last character', audience.slice(0, -1)],
    ['that starts like it', `${audience}.evil.example`],
    ['that ends like it', `https://evil.example/?${audience}`],
    ['of only the origin', new URL(audience).origin],
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
    ['iss without its trailing slash', claims({ iss: issuer.slice(0, -1) }), 'iss_mismatch_slash'],
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
      'an ID token with the typ JWT',
      token({ header: { ...HEADER, typ: 'JWT' }, payload: { ...payloadFor(expected), aud: 'c' } }),
      'aud_mismatch',
    ],
  ]
}

/** Tokens with invalid times, subject, scopes or binding. */
export function hostileClaims(expected: Expected): Row[] {
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
