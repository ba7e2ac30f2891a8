import { describe, expect, test } from 'vitest'
import { runsBeside } from '../../support/google/beside-runs.ts'
import { SECRETS, VARIABLES } from '../../support/google/deploy.ts'
import { repliesAfter } from '../../support/google/deployed.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, lines, changes } = runsBeside(commands)

describe('the secrets of a deployment', () => {
  const bare = Object.fromEntries(Object.entries(VARIABLES).filter(([name]) => !(name in SECRETS)))

  test('are read from the environment', async () => {
    expect((await run('deploy', [], {}, SECRETS, bare)).code).toBe(0)
    const stdin = commands.invocations().flatMap((one) => (one.stdin ? [one.stdin] : []))
    expect(stdin.sort()).toEqual(Object.values(SECRETS).sort())
  })

  test('are kept from Secret Manager if they are not set, and a second run changes nothing', async () => {
    await run('deploy')
    const first = commands.invocations().slice()
    const before = lines().length
    commands.reply(...repliesAfter(first, SECRETS))
    const { code, stdout } = await run('deploy', ['--skip=apis,hosting'], {}, {}, bare)
    expect(code).toBe(0)
    expect(stdout).toContain('kept from Secret Manager')
    expect(changes(before).filter((one) => !one.includes('service-accounts'))).toEqual([])
  })

  test('are required if neither the environment nor Secret Manager has them', async () => {
    const { code, stderr } = await run('deploy', [], {}, {}, bare)
    expect(code).toBe(1)
    expect(stderr).toContain('LOG_WEBHOOK_SECRET is required')
    expect(changes()).toEqual([])
  })

  test('get a new version only with --update-secrets if their value cannot be read', async () => {
    await run('deploy')
    const first = commands.invocations().slice()
    const replies = [
      { line: 'versions access', code: 1, stderr: 'PERMISSION_DENIED' },
      {
        line: 'versions list',
        stdout: [{ name: 'projects/1/secrets/X/versions/7', state: 'ENABLED' }],
      },
      ...repliesAfter(first, SECRETS),
    ]
    commands.reply(...replies)
    const before = lines().length
    const { stdout } = await run('deploy', ['--only=secrets'])
    expect(stdout).toContain('--update-secrets')
    expect(changes(before).filter((one) => one.includes('versions add'))).toEqual([])
    await run('deploy', ['--only=secrets', '--update-secrets'])
    expect(changes(before).filter((one) => one.includes('versions add'))).toHaveLength(3)
  })

  test('have as many versions as --keep-versions allows', async () => {
    await run('deploy')
    const first = commands.invocations().slice()
    const versions = ['7', '6', '5', '4'].map((version) => ({
      name: `projects/1/secrets/X/versions/${version}`,
      state: version === '4' ? 'DESTROYED' : 'ENABLED',
    }))
    commands.reply({ line: 'versions list', stdout: versions }, ...repliesAfter(first, SECRETS))
    const before = lines().length
    await run('deploy', ['gateway', '--keep-versions=2'])
    expect(changes(before).filter((one) => one.includes('destroy'))).toEqual([
      'gcloud secrets versions destroy 5 --secret=GATEWAY_HMAC_SECRET --project=acme-prod --quiet',
    ])
  })

  test('include a generated signing key with --signing-key, which is not printed', async () => {
    const { code, stdout } = await run('deploy', ['--signing-key'])
    expect(code).toBe(0)
    const key = commands
      .invocations()
      .find(({ args }) => args[3] === 'GATEWAY_SIGNING_KEY' && args[2] === 'add')
    expect(key?.stdin).toContain('BEGIN PRIVATE KEY')
    expect(stdout).not.toContain('BEGIN PRIVATE KEY')
    expect(stdout).toContain('Generated: GATEWAY_SIGNING_KEY')
  })
})
