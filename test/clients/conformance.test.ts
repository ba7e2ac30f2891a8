import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const SUITE = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const CLIENT = fileURLToPath(new URL('conformance-client.ts', import.meta.url))
const LIMIT_MS = 60_000

/** Those of the client scenarios in which a public client registers or discovers. */
const APPLICABLE = [
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/token-endpoint-auth-none',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
]

test.each(APPLICABLE)(
  'connect passes %s of the conformance suite',
  { timeout: LIMIT_MS },
  async (scenario) => {
    // The suite writes its results below the current directory.
    const cwd = await mkdtemp(join(tmpdir(), 'conformance-'))
    const command = `"${process.execPath}" "${CLIENT}"`
    const { stdout, stderr } = await run(
      process.execPath,
      [SUITE, 'client', '--command', command, '--scenario', scenario],
      { cwd, timeout: LIMIT_MS },
    )
    const output = stdout + stderr
    expect(output).toContain('OVERALL: PASSED')
    expect(output).toMatch(/Passed: \d+\/\d+, 0 failed, 0 warnings/)
  },
)
