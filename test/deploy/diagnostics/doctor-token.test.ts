import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { type Front, startFront } from '../../support/http/front.ts'

type Claims = Readonly<Record<string, unknown>>

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

const now = () => Math.floor(Date.now() / 1000)
const ALL = { scope: 'events:read events:write', permissions: ['events:read', 'events:write'] }

/** A token that the gateway accepts, with these claims and header members changed. */
function token(claims: Claims = {}, header: Claims = {}): Promise<string> {
  return front.issuer.token({ aud: `${front.url}/mcp`, ...ALL, ...claims }, header)
}

async function examine(given: string) {
  const report = await doctorReport([front.url, '--token', given])
  expect(JSON.stringify(report)).not.toContain(given)
  return report
}

test('doctor --token reports no finding for a valid token', async () => {
  const report = await examine(await token())
  expect(report.findings).toEqual([])
  expect(report.skipped.map(({ name }) => name)).not.toContain('token')
})

test('doctor --token accepts whitespace, quotes and a Bearer prefix around the token', async () => {
  const given = await token()
  expect((await examine(` Bearer ${given}\n`)).findings).toEqual([])
  const wrapped = given.replaceAll(/.{80}/g, '$&\n')
  expect((await examine(`"${wrapped}"`)).findings).toEqual([])
})

test('doctor --token - reads the token from standard input and does not print it', async () => {
  const given = await token({ iss: 'https://other.auth0.com/' })
  const readInput = async () => `${given}\n`
  const { output, exitCode } = await doctor([front.url, '--token', '-'], { readInput })
  expect(exitCode).toBe(1)
  expect(output).toContain('iss_mismatch')
  for (const part of given.split('.')) expect(output).not.toContain(part)
})

test('doctor --token - rejects an empty standard input as a usage error', async () => {
  expect(await doctor([front.url, '--token', '-'])).toMatchObject({ exitCode: 2 })
})

const FAULTS: readonly (readonly [
  string,
  () => string | Promise<string>,
  readonly string[],
  RegExp,
])[] = [
  ['opaque', () => 'aSdFgHjKl', ['ACCESS_TOKEN_IS_OPAQUE'], /resource_parameter_profile/],
  ['encrypted', () => 'eyJhbGciOiJkaXIifQ..a.b.c', ['ACCESS_TOKEN_IS_ENCRYPTED_JWE'], /audience/],
  ['signed with HS256', hs256, ['token_alg_not_rs256'], /signing_alg/],
  [
    'unsigned',
    async () => `eyJhbGciOiJub25lIn0.${(await token()).split('.')[1]}.`,
    ['token_alg_not_rs256', 'token_base64url_malformed'],
    /whole token/,
  ],
  [
    'with an unknown kid',
    () => token({}, { kid: 'gone' }),
    ['token_kid_unknown'],
    /another|tenant/,
  ],
  ['signed with another key', otherKey, ['token_signature_invalid'], /unchanged/],
  [
    'altered',
    async () => `${(await token()).slice(0, -8)}AAAAAAAA`,
    ['token_signature_invalid'],
    /unchanged/,
  ],
  [
    'cut off',
    async () => (await token()).replace(/\.[^.]*$/, '.'),
    ['token_base64url_malformed'],
    /whole token/,
  ],
  ['without kid', () => token({}, { kid: undefined }), ['token_kid_missing'], /Auth0/],
  [
    'with another typ',
    () => token({}, { typ: 'logout+jwt' }),
    ['token_typ_unexpected'],
    /access_token/,
  ],
  [
    'an ID token',
    () => token({ aud: 'tpc_chatgpt', nonce: 'n' }, { typ: 'JWT' }),
    ['token_is_id_token'],
    /id_token/,
  ],
  [
    'for another API',
    () => token({ aud: 'https://other.example/api' }),
    ['token_aud_mismatch'],
    /OAUTH_AUDIENCE/,
  ],
  [
    'for the API with a trailing slash',
    () => token({ aud: `${front.url}/mcp/` }),
    ['token_aud_mismatch'],
    /trailing slash|OAUTH_AUDIENCE/,
  ],
  [
    'of another tenant',
    () => token({ iss: 'https://other.auth0.com/' }),
    ['token_iss_mismatch'],
    /OAUTH_ISSUER/,
  ],
  [
    'of the issuer without its trailing slash',
    () => token({ iss: front.issuer.url.slice(0, -1) }),
    ['token_iss_mismatch_slash'],
    /OAUTH_ISSUER/,
  ],
  ['expired', () => token({ exp: now() - 3_600 }), ['token_expired'], /offline access/],
  ['not yet valid', () => token({ nbf: now() + 600 }), ['token_nbf_in_future'], /clock/],
  ['issued in the future', () => token({ iat: now() + 600 }), ['token_iat_in_future'], /clock/],
  ['without exp', () => token({ exp: undefined }), ['token_exp_missing'], /Auth0/],
  ['without sub', () => token({ sub: undefined }), ['token_sub_malformed'], /sub/],
  ['bound to a key', () => token({ cnf: { jkt: 'x' } }), ['token_is_bound'], /possession/],
  [
    'without scopes',
    () => token({ scope: undefined, permissions: undefined }),
    ['insufficient_scope'],
    /RBAC/,
  ],
  [
    'of a user without permissions',
    () => token({ scope: '', permissions: [] }),
    ['permissions_unassigned'],
    /Assign the user a role/,
  ],
  [
    'with malformed permissions',
    () => token({ permissions: 'all' }),
    ['token_permissions_malformed'],
    /whole token/,
  ],
]

test.each(FAULTS)(
  'doctor --token reports the reason and the fix for a token that is %s',
  async (_, make, expected, fix) => {
    const report = await examine(await make())
    expect(idsOf(report)).toEqual(expected)
    expect(report.findings[0]?.fix).toMatch(fix)
    expect(report.findings.every(({ group }) => group === 'token')).toBe(true)
  },
)

test.each([
  ['org_id_missing', {}],
  ['org_id_mismatch', { org_id: 'org_other' }],
] as const)('doctor --token checks OAUTH_ORGANIZATION: %s', async (id, claims) => {
  const given = await token({ ...claims, exp: 1 })
  const env = { OAUTH_ORGANIZATION: 'org_a, org_b' }
  const report = await doctorReport([front.url, '--token', given], { env })
  expect(idsOf(report)).toEqual([id, 'token_expired'])
  expect(report.findings.find((one) => one.id === id)?.seen).toContain('org_a, org_b')
  const member = await token({ org_id: 'org_b' })
  expect((await doctorReport([front.url, '--token', member], { env })).findings).toEqual([])
  expect((await examine(await token({ org_id: 'org_other' }))).findings).toEqual([])
})

test('doctor --token reports all invalid claims at once', async () => {
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

test('doctor --token prints how long ago the token expired', async () => {
  const report = await examine(await token({ exp: now() - 7_300 }))
  expect(report.findings[0]?.seen).toBe('it expired 2 h ago')
})

describe('the scope check of doctor --token', () => {
  test('reports the missing scopes of each tool if the user has fewer permissions', async () => {
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

  test('does not count permissions that are not in the scope claim', async () => {
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

test('doctor --token checks the claims but not the signature without keys', async () => {
  front.issuer.staged.jwks = { keys: [] }
  const report = await examine(await token({ exp: 1 }))
  front.issuer.staged.jwks = undefined
  expect(idsOf(report)).toContain('token_expired')
  expect(report.skipped.map(({ name }) => name)).toContain('signature')
})

test('doctor --token skips the token checks without metadata', async () => {
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
