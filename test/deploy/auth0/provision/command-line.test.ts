import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { variables } from '../../../support/auth0/provision.ts'
import { runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'
import { CLI, withoutProgress } from '../../../support/command-line.ts'

const api = tenantForEachTest()
const { run } = runsOn(() => api)

describe('the command line of npm run provision', () => {
  test.each([
    [['--unknown']],
    [['file.yaml']],
    [['--export', 'a.yaml', 'b.yaml']],
    [['--export', '--apply']],
    [['--cimd']],
    [['--cimd', 'http://chatgpt.com/client.json']],
    [['--predefined', 'https://evil.example/callback']],
  ])('%j is a usage error', async (args) => {
    const { exitCode, stdout, stderr } = await run(args)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('npm run provision')
    expect(api.calls).toEqual([])
  })

  test('--help exits with 0 and writes nothing to stderr', async () => {
    expect(await run(['--help'])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('all errors of the environment are reported in one message, without values', async () => {
    const env = { PUBLIC_URL: '', MGMT_CLIENT_SECRET: 'short', TOOL_SCOPES_JSON: '' }
    const { exitCode, stderr } = await run([], env)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('PUBLIC_URL is required')
    expect(stderr).toContain('MGMT_CLIENT_SECRET must have at least 32 characters')
    expect(stderr).toContain('TOOLS is required')
    expect(stderr).not.toContain('short')
  })

  test('the process writes the plan to stdout, sets the exit code and ends', async () => {
    const env = { PATH: process.env['PATH'] ?? '', ...variables({ domain: api.domain }) }
    const child = spawn(process.execPath, [CLI, 'provision'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ])
    expect({ exitCode, stderr: withoutProgress(stderr) }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toBe((await run()).stdout)
  })

  test('--json prints one JSON object with the plan, the applied changes and null for unset values', async () => {
    const { stdout } = await run(['--json', '--apply'])
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ tenant: api.domain, missingScopes: [], exitCode: 0 })
    expect(report.applied.done).toHaveLength(7)
    expect(report.items[0].changes[0]).toMatchObject({ before: null })
  })

  test.each([
    [['--strict', '--permissive']],
    [['--token-lifetime', '0']],
    [['--token-lifetime', '2592001']],
    [['--token-lifetime', 'soon']],
    [['--organization', 'acme']],
    [['--role', ' ']],
    [['--cimd', `https://chatgpt.com/${'x'.repeat(120)}`]],
  ])('%j is a usage error', async (args) => {
    const { exitCode, stderr } = await run(args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Usage: npm run provision')
    expect(api.calls).toEqual([])
  })
})
