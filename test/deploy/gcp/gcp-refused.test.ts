import { describe, expect, test } from 'vitest'
import { VARIABLES } from '../../support/google/deploy.ts'
import { runsWith } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, changes } = runsWith(commands)

describe('deploy changes nothing', () => {
  test('with an invalid configuration and reports all errors at once', async () => {
    const variables = {
      ...VARIABLES,
      OAUTH_ISSUER: 'https://YOUR_TENANT.us.auth0.com/',
      LOG_WEBHOOK_SECRET: 'short',
      BACKEND_TIMEOUT_MS: '58000',
      GCP_REGION: 'Frankfurt',
    }
    const { code, stderr } = await run([], { variables })

    expect(code).toBe(1)
    for (const name of ['OAUTH_ISSUER', 'LOG_WEBHOOK_SECRET', 'BACKEND_TIMEOUT_MS', 'GCP_REGION']) {
      expect(stderr.match(new RegExp(`^  ${name} `, 'gm'))).toHaveLength(1)
    }
    expect(stderr).not.toContain('    at ')
    expect(commands.invocations()).toEqual([])
  })

  test.each([
    [
      'a value that is not a string',
      { BACKEND_TIMEOUT_MS: 5 },
      'BACKEND_TIMEOUT_MS must be a quoted',
    ],
    [
      'a missing project',
      { GCP_PROJECT: '' },
      'GCP_PROJECT is required (or --project, or gcloud config',
    ],
    ['a project number', { GCP_PROJECT: '123456' }, 'GCP_PROJECT must be a project id'],
  ])('with %s', async (_, wrong, message) => {
    const { code, stderr } = await run([], { variables: { ...VARIABLES, ...wrong } })
    expect(code).toBe(1)
    expect(stderr).toContain(message)
    expect(changes()).toEqual([])
  })

  test.each([
    [
      'gcloud is not logged in',
      'gcloud projects',
      'You do not currently have an active account',
      'gcloud auth login',
    ],
    [
      'the project does not exist',
      'gcloud projects',
      'NOT_FOUND',
      'The project acme-prod does not exist',
    ],
    [
      'the login has no access to the project',
      'gcloud projects',
      'does not have permission to access projects instance',
      'The project acme-prod does not exist, or this login has no access to it',
    ],
    [
      'firebase is not logged in',
      'firebase hosting:channel',
      'Failed to authenticate',
      'firebase login',
    ],
  ])('if %s', async (_, command, said, advice) => {
    commands.reply({ line: `^${command}`, code: 1, stderr: said })
    const { code, stderr } = await run([])
    expect(code).toBe(1)
    expect(stderr).toContain(advice)
    expect(changes()).toEqual([])
  })

  test('without a billing account', async () => {
    commands.reply({ line: 'billing projects', stdout: { name: 'projects/acme-prod/billingInfo' } })
    const { code, stderr } = await run([])
    expect(code).toBe(1)
    expect(stderr).toContain('no billing account')
    expect(changes()).toEqual([])
  })

  test.each(['gcloud', 'firebase'])('if %s is not installed and reports that', async (missing) => {
    commands.restart(['gcloud', 'firebase'].filter((name) => name !== missing))
    const { code, stderr } = await run([])
    expect(code).toBe(1)
    expect(stderr).toContain(`${missing} is not installed`)
    expect(changes()).toEqual([])
  })

  test('if a foreign function has the same name, unless --adopt is given', async () => {
    const name = 'projects/acme-prod/locations/us-central1/functions/gateway'
    const theirs = { name, state: 'ACTIVE', labels: { team: 'b' } }
    commands.reply(
      { line: 'services list', stdout: [{ config: { name: 'cloudfunctions.googleapis.com' } }] },
      { line: 'functions list', stdout: [theirs] },
    )
    const refused = await run(['gateway'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      'gateway in acme-prod, us-central1: not created by this command',
    )
    expect(changes()).toEqual([])

    expect((await run(['gateway', '--adopt'])).code).toBe(0)
    expect(changes().join('\n')).toContain('functions deploy gateway')
  })

  test.each([
    [['nonsense'], 'Unknown function: nonsense. Expected one of: gateway'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--only=nonsense'], 'Unknown part: nonsense'],
  ])('with the unknown arguments %s', async (args, message) => {
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(commands.invocations()).toEqual([])
  })
})
