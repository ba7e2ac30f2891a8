import { generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { startFront } from '../../support/http/front.ts'

type Claims = Readonly<Record<string, unknown>>

const front = startedForAllTests(startFront)

const now = () => Math.floor(Date.now() / 1000)
const ALL = { scope: 'events:read events:write', permissions: ['events:read', 'events:write'] }

/** A token that the gateway accepts, except for the given changes. */
function token(claims: Claims = {}, header: Claims = {}): Promise<string> {
  return front.issuer.token({ aud: `${front.url}/mcp`, ...ALL, ...claims }, header)
}

async function examine(given: string) {
  const report = await doctorReport([front.url, '--token', given])
  expect(JSON.stringify(report)).not.toContain(given)
  return report
}

test('reports nothing for a valid token', async () => {
  const report = await examine(await token())
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).not.toContain('token')
})

test('ignores a Bearer prefix, quotes and line breaks in a copied token', async () => {
  const given = await token()
  expect((await examine(` Bearer ${given}\n`)).findings).toEqual([])
  const wrapped = given.replaceAll(/.{80}/g, '$&\n')
  expect((await examine(`"${wrapped}"`)).findings).toEqual([])
})

test('reads the token from standard input and does not print it', async () => {
  const given = await token({ iss: 'https://other.auth0.com/' })
  const readInput = async () => `${given}\n`
  const { output, exitCode } = await doctor([front.url, '--token', '-'], { readInput })
  expect(exitCode).toBe(1)
  expect(output).toContain('iss_mismatch')
  for (const part of given.split('.')) expect(output).not.toContain(part)
})

test('says that a word is not an access token', async () => {
  const { findings } = await examine('hello')
  expect(findings.map(({ seen }) => seen)).toEqual([
    expect.stringMatching(/^this is not an access token: /),
  ])
})

test('reports a usage error for empty standard input', async () => {
  expect(await doctor([front.url, '--token', '-'])).toMatchObject({ exitCode: 2 })
})

const FAULTS: readonly (readonly [
  string,
  () => string | Promise<string>,
  readonly string[],
  RegExp,
])[] = [
  [
    'is opaque',
    () => 'aSdFgHjKl-0123456789_qWeRtZuIoP7',
    ['ACCESS_TOKEN_IS_OPAQUE'],
    /resource_parameter_profile/,
  ],
  [
    'is short and opaque',
    () => 'aSdFgHjKl',
    ['ACCESS_TOKEN_IS_OPAQUE'],
    /resource_parameter_profile/,
  ],
  ['is a word', () => 'hello', ['token_malformed'], /whole token/],
  ['is a part of a JWT', () => 'eyJhbGciOiJSUzI1NiJ9.eyJ9', ['token_malformed'], /Copy the whole/],
  [
    'is encrypted',
    () => 'eyJhbGciOiJkaXIifQ..a.b.c',
    ['ACCESS_TOKEN_IS_ENCRYPTED_JWE'],
    /audience/,
  ],
  ['is signed with HS256', hs256, ['token_alg_not_rs256'], /signing_alg/],
  [
    'is unsigned',
    async () => `eyJhbGciOiJub25lIn0.${(await token()).split('.')[1]}.`,
    ['token_alg_not_rs256', 'token_base64url_malformed'],
    /whole token/,
  ],
  ['has an unknown kid', () => token({}, { kid: 'gone' }), ['token_kid_unknown'], /another|tenant/],
  ['is signed with another key', otherKey, ['token_signature_invalid'], /unchanged/],
  [
    'was changed',
    async () => `${(await token()).slice(0, -8)}AAAAAAAA`,
    ['token_signature_invalid'],
    /unchanged/,
  ],
  [
    'is truncated',
    async () => (await token()).replace(/\.[^.]*$/, '.'),
    ['token_base64url_malformed'],
    /whole token/,
  ],
  ['has no kid', () => token({}, { kid: undefined }), ['token_kid_missing'], /Auth0/],
  [
    'has another type',
    () => token({}, { typ: 'logout+jwt' }),
    ['token_typ_unexpected'],
    /access_token/,
  ],
  [
    'is an ID token',
    () => token({ aud: 'tpc_chatgpt', nonce: 'n' }, { typ: 'JWT' }),
    ['token_is_id_token'],
    /id_token/,
  ],
  [
    'is for another API',
    () => token({ aud: 'https://other.example/api' }),
    ['token_aud_mismatch'],
    /OAUTH_AUDIENCE/,
  ],
  [
    'is for the API with a trailing slash',
    () => token({ aud: `${front.url}/mcp/` }),
    ['token_aud_mismatch'],
    /trailing slash|OAUTH_AUDIENCE/,
  ],
  [
    'is from another tenant',
    () => token({ iss: 'https://other.auth0.com/' }),
    ['token_iss_mismatch'],
    /OAUTH_ISSUER/,
  ],
  [
    'names the issuer without its trailing slash',
    () => token({ iss: front.issuer.url.slice(0, -1) }),
    ['token_iss_mismatch_slash'],
    /OAUTH_ISSUER/,
  ],
  ['has expired', () => token({ exp: now() - 3_600 }), ['token_expired'], /offline access/],
  ['is not yet valid', () => token({ nbf: now() + 600 }), ['token_nbf_in_future'], /clock/],
  ['was issued in the future', () => token({ iat: now() + 600 }), ['token_iat_in_future'], /clock/],
  ['does not expire', () => token({ exp: undefined }), ['token_exp_missing'], /Auth0/],
  ['has no subject', () => token({ sub: undefined }), ['token_sub_malformed'], /sub/],
  ['is bound to a key', () => token({ cnf: { jkt: 'x' } }), ['token_is_bound'], /possession/],
  [
    'has no scope',
    () => token({ scope: undefined, permissions: undefined }),
    ['insufficient_scope'],
    /RBAC/,
  ],
  [
    'belongs to a user without permissions',
    () => token({ scope: '', permissions: [] }),
    ['permissions_unassigned'],
    /Assign the user a role/,
  ],
  [
    'has malformed permissions',
    () => token({ permissions: 'all' }),
    ['token_permissions_malformed'],
    /whole token/,
  ],
]

test.each(FAULTS)('explains the rejection of a token that %s', async (_, make, expected, fix) => {
  const report = await examine(await make())
  expect(idsOf(report)).toEqual(expected)
  expect(report.findings[0]?.fix).toMatch(fix)
  expect(report.findings.every(({ group }) => group === 'token')).toBe(true)
})

test.each([
  ['org_id_missing', {}],
  ['org_id_mismatch', { org_id: 'org_other' }],
] as const)(
  'requires the organization of OAUTH_ORGANIZATION in a token: %s',
  async (id, claims) => {
    const given = await token({ ...claims, exp: 1 })
    const env = { OAUTH_ORGANIZATION: 'org_a, org_b' }
    const report = await doctorReport([front.url, '--token', given], { env })
    expect(idsOf(report)).toEqual([id, 'token_expired'])
    expect(report.findings.find((one) => one.id === id)?.seen).toContain('org_a, org_b')
    const member = await token({ org_id: 'org_b' })
    expect((await doctorReport([front.url, '--token', member], { env })).findings).toEqual([])
    expect((await examine(await token({ org_id: 'org_other' }))).findings).toEqual([])
  },
)

test('reports all faults of the claims together', async () => {
  const report = await examine(
    await token({ iss: 'https://x.auth0.com/', aud: 'https://x', exp: 1, sub: '' }),
  )
  expect(idsOf(report)).toEqual([
    'token_aud_mismatch',
    'token_expired',
    'token_iss_mismatch',
    'token_sub_malformed',
  ])
})

test('reports how long ago a token expired', async () => {
  const report = await examine(await token({ exp: now() - 7_300 }))
  expect(report.findings[0]?.seen).toBe('it expired 2 h ago')
})

describe('scopes', () => {
  test('names the tools and their missing scopes', async () => {
    const report = await examine(
      await token({ scope: 'events:read', permissions: ['events:read'] }),
    )
    expect(report.ok).toBe(true)
    expect(report.findings).toMatchObject([
      {
        id: 'insufficient_scope',
        severity: 'warning',
        seen: 'addEvent lacks events:write; summarizeEvents lacks events:write',
        why: expect.stringContaining('does not have the permission events:write'),
      },
    ])
  })

  test('ignores a permission that was not granted to the client', async () => {
    const claims = { scope: 'openid', permissions: ALL.permissions }
    const report = await examine(await token(claims))
    expect(report.findings).toMatchObject([
      {
        id: 'insufficient_scope',
        severity: 'error',
        why: expect.stringContaining('did not request'),
      },
    ])
    const env = { SCOPE_SOURCE: 'scope-or-permissions' }
    const lenient = await doctorReport([front.url, '--token', await token(claims)], { env })
    expect(lenient.findings).toEqual([])
  })
})

test('checks the claims but not the signature without the keys of the issuer', async () => {
  front.issuer.staged.jwks = { keys: [] }
  const report = await examine(await token({ exp: 1 }))
  front.issuer.staged.jwks = undefined
  expect(idsOf(report)).toContain('token_expired')
  expect(report.skipped.map(({ name }) => name)).toContain('signature')
})

test('skips the token without metadata', async () => {
  const { findings, skipped } = await doctorReport(['http://127.0.0.1:9', '--token', 'x'])
  expect(idsOf({ findings })).toEqual(['url_unreachable'])
  expect(skipped.filter(({ reason }) => reason.startsWith('issuer and audience'))).toHaveLength(3)
})

function hs256(): Promise<string> {
  return new SignJWT({ iss: front.issuer.url, aud: `${front.url}/mcp`, sub: 'a', ...ALL })
    .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode('a-secret-that-nobody-should-share'))
}

async function otherKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256')
  const [header = ''] = (await token()).split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
  return new SignJWT({ iss: front.issuer.url, aud: `${front.url}/mcp`, sub: 'a', ...ALL })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setExpirationTime('5m')
    .sign(privateKey)
}
