import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const CLIENT = fileURLToPath(new URL('conformance-client.ts', import.meta.url))
const LIMIT_MS = 400_000

/** The client scenarios in which a user signs in. */
const APPLICABLE = [
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/basic-cimd',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/scope-step-up',
  'auth/scope-retry-limit',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
  'auth/pre-registration',
  'auth/2025-03-26-oauth-metadata-backcompat',
  'auth/2025-03-26-oauth-endpoint-fallback',
  'auth/resource-mismatch',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
  'auth/authorization-server-migration',
  'auth/iss-supported',
  'auth/iss-not-advertised',
  'auth/iss-supported-missing',
  'auth/iss-wrong-issuer',
  'auth/iss-unexpected',
  'auth/iss-normalized',
  'auth/metadata-issuer-mismatch',
]
const NO_PERSON = 'another grant than the authorization code, without a user who signs in'
const NO_DPOP = 'Auth0 issues bearer tokens to these clients, and connect requests no other tokens'
const NO_SIGN_IN = 'a server without authorization, which tests only the MCP client of the SDK'
const NO_SKILLS = 'connect reads no skills'
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'auth/client-credentials-jwt': NO_PERSON,
  'auth/client-credentials-basic': NO_PERSON,
  'auth/enterprise-managed-authorization': NO_PERSON,
  'auth/wif-jwt-bearer': NO_PERSON,
  'auth/dpop': NO_DPOP,
  'auth/dpop-nonce': NO_DPOP,
  initialize: NO_SIGN_IN,
  tools_call: NO_SIGN_IN,
  'elicitation-sep1034-client-defaults': NO_SIGN_IN,
  'sse-retry': NO_SIGN_IN,
  'request-metadata': NO_SIGN_IN,
  'sep-2322-client-request-state': NO_SIGN_IN,
  'http-standard-headers': NO_SIGN_IN,
  'http-custom-headers': NO_SIGN_IN,
  'http-invalid-tool-headers': NO_SIGN_IN,
  'json-schema-ref-no-deref': NO_SIGN_IN,
  'json-schema-2020-12-preservation': NO_SIGN_IN,
  'sep-2640-client-no-prefetch': NO_SKILLS,
  'sep-2640-client-verify-digest': NO_SKILLS,
  'sep-2640-client-verify-size': NO_SKILLS,
  'sep-2640-client-verify-frontmatter': NO_SKILLS,
}

test('every client scenario of the conformance suite is listed as applicable or not', async () => {
  const { stdout } = await run(process.execPath, [SUITE, 'list', '--client'])
  const listed = [...stdout.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name)
  expect(listed.toSorted()).toEqual([...APPLICABLE, ...Object.keys(NOT_APPLICABLE)].toSorted())
})

describe.concurrent('npm run connect passes the conformance scenario', () => {
  test.each(APPLICABLE)('%s', { timeout: LIMIT_MS }, async (scenario) => {
    // The suite writes its results to the current directory.
    const cwd = await mkdtemp(join(tmpdir(), 'conformance-'))
    const command = `"${process.execPath}" "${CLIENT}"`
    const argv = [SUITE, 'client', '--command', command, '--scenario', scenario]
    const options = { cwd, timeout: LIMIT_MS }
    const { stdout, stderr } = await run(process.execPath, [...argv, '--timeout', '90000'], options)
    const output = stdout + stderr
    expect(output).toContain('OVERALL: PASSED')
    expect(output).toMatch(/Passed: (\d+)\/\1, 0 failed, 0 warnings/)
  })
})
