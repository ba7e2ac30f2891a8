import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { clientsCommand } from '../../../../deploy/commands/clients.ts'
import { runCommand } from '../../../../deploy/kit/run-command.ts'
import { clientsForEachTest, type Shown } from '../../../support/auth0/clients-run.ts'
import { CLI } from '../../../support/command-line.ts'

const { registry, environment, run, client } = clientsForEachTest()

describe('the command line of npm run clients', () => {
  test.each([
    [['--apply']],
    [['--older-than', '30d']],
    [['--prune', '--older-than', '30']],
    [['--prune', '--older-than', '-1d']],
    [['--prune', '--older-than', '1.5d']],
    [['--prune', '--older-than', '']],
    [['--prun']],
    [['all']],
  ])('%s prints the usage, exits with 2 and calls no API', async (args) => {
    const { exitCode, error } = await run(...args)
    expect(exitCode).toBe(2)
    expect(error).toContain('npm run clients')
    expect(registry.calls).toEqual([])
  })

  test('an invalid age is reported before the missing --prune', async () => {
    const { exitCode, error } = await run('--older-than', '3x')
    expect([exitCode, error.split('\n', 1)[0]]).toEqual([
      2,
      '--older-than requires a number of hours, days or weeks, such as 30d.',
    ])
  })

  test('--help prints the options and exits with 0', async () => {
    const { exitCode, written } = await run('--help')
    expect([exitCode, written]).toEqual([0, expect.stringContaining('--older-than')])
  })

  test('an invalid configuration exits with 1 and reports every error', async () => {
    let error = ''
    const writeError = (text: string) => {
      error += text
    }
    const env = { ...environment(), MGMT_CLIENT_SECRET: 'short', MGMT_DOMAIN: '' }
    expect(
      await runCommand(clientsCommand, { args: [], env, write: () => undefined, writeError }),
    ).toBe(1)
    expect(error).toMatch(/MGMT_DOMAIN[\s\S]*MGMT_CLIENT_SECRET/)
    expect(error).not.toContain('short\n')
  })

  test('the clients command runs as a process and deletes with --prune --apply', async () => {
    client('tpc_1', { created_at: new Date(Date.now() - 40 * 86_400_000).toISOString() })
    const { PATH = '' } = process.env
    const env = { PATH, ...environment() }
    const args = [CLI, 'clients', '--json', '--prune', '--apply']
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect((JSON.parse(stdout) as Shown).deleted).toEqual(['tpc_1'])
  })
})
