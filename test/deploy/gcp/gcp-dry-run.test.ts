import { describe, expect, test } from 'vitest'
import { SECRETS, VARIABLES } from '../../support/google/deploy.ts'
import { runsWith } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, changes } = runsWith(commands)

describe('deploy --dry-run', () => {
  test('prints every command and runs only commands that read', async () => {
    const { code, stdout } = await run(['--dry-run'])
    expect(code).toBe(0)
    expect(changes()).toEqual([])
    for (const part of ['services enable', 'functions deploy metadata', 'firebase deploy']) {
      expect(stdout).toContain(part)
    }
    expect(stdout).toContain('(value of GATEWAY_HMAC_SECRET, not shown)')
    expect(stdout).toContain('    PUBLIC_URL: "https://mcp.acme.example"')
    expect(stdout).toMatch(/Dry run: \d+ commands\.\n$/)
    for (const secret of Object.values(SECRETS)) expect(stdout).not.toContain(secret)
  })

  test('counts one command in the singular', async () => {
    const { stdout } = await run(['--dry-run', '--only=doctor'])
    expect(stdout).toMatch(/ doctor https:\/\/mcp\.acme\.example\nDry run: 1 command\.\n$/)
  })

  test('requires neither gcloud nor firebase', async () => {
    commands.restart([])
    const variables = { ...VARIABLES, BACKEND_AUTH: 'google' }
    const { code, stdout } = await run(['--dry-run'], { variables })
    expect(code).toBe(0)
    expect(stdout).toContain('gcloud is not installed')
    expect(stdout).not.toContain('gcloud auth login')
    expect(stdout).toContain('showing the plan for an empty project')
    expect(stdout).toMatch(/Dry run: \d+ commands\.\nThis plan is for an empty project, .*\n$/)
    expect(stdout).toContain('gcloud functions deploy gateway')
    expect(stdout).toContain('gcloud run services add-iam-policy-binding listevents')
  })

  test.each([
    [
      'the project',
      'gcloud services list',
      'PERMISSION_DENIED: not you',
      'showing the plan for an empty project',
    ],
    [
      'the project',
      'gcloud services list',
      'You do not currently have an active account selected',
      'commands.\nThis plan is for an empty project, because the project could not be read.\n',
    ],
    ['the site', 'firebase hosting:channel', 'Failed to authenticate', 'functions deploy gateway'],
    [
      'the site',
      'firebase hosting:channel',
      'Failed to authenticate',
      'commands.\nThis plan may be incomplete, because the Hosting site could not be read.\n',
    ],
  ])('fails with the reason if %s cannot be read', async (_, line, reason, printed) => {
    commands.reply({ line, code: 1, stderr: reason })
    const { code, stdout, stderr } = await run(['--dry-run'])
    expect(code).toBe(1)
    expect(stderr.split(reason)).toHaveLength(2)
    expect(stdout).not.toContain(reason)
    expect(stdout).toContain(printed)
    expect(changes()).toEqual([])
  })

  test.each([
    [{ PUBLIC_URL: 'http://localhost:8080' }, 'PUBLIC_URL is on this machine (localhost).'],
    [
      { FUNCTIONS_BASE: 'http://localhost:9000' },
      'FUNCTIONS_BASE is on this machine (localhost). The deployed gateway cannot reach it.',
    ],
    [
      {
        TOOL_SCOPES_JSON: '',
        TOOLS: JSON.stringify({
          a: {
            scopes: [],
            inputSchema: { type: 'object' },
            request: { method: 'GET', url: 'http://127.0.0.1:9100/a' },
          },
          b: {
            scopes: [],
            inputSchema: { type: 'object' },
            request: { method: 'GET', url: 'http://localhost:9100/b' },
          },
          c: {
            scopes: [],
            inputSchema: { type: 'object' },
            request: { method: 'GET', url: 'https://example.com/c' },
          },
        }),
      },
      'The URL of a (and 1 more) is on this machine (127.0.0.1). The deployed gateway cannot reach it.',
    ],
    [{ OAUTH_ISSUER: 'http://127.0.0.1/' }, 'OAUTH_ISSUER is on this machine (127.0.0.1).'],
    [
      { PUBLIC_URL: 'https://mcp.example.com' },
      'PUBLIC_URL is still the value of .env.yaml.sample.',
    ],
  ])('warns about a URL that clients cannot reach: %j', async (changes, warning) => {
    const variables = { ...VARIABLES, ...changes }
    const { code, stdout } = await run(['--dry-run'], { variables })
    expect(code).toBe(0)
    expect(stdout).toContain(`Warning: ${warning}`)
  })

  test('names a missing firebase command and the missing login', async () => {
    commands.restart(['gcloud'])
    commands.reply({
      line: 'gcloud (?!config)',
      code: 1,
      stderr: 'You do not currently have an account',
    })
    const { code, stdout, stderr } = await run(['--dry-run', '--project=acme-prod'])
    expect(code).toBe(1)
    expect(stdout).toContain('firebase is not installed. Install it: npm install')
    expect(stderr).toContain('Log in: gcloud auth login')
  })
})
