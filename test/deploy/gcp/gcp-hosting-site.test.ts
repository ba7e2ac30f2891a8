import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { live, runsBeside } from '../../support/google/beside-runs.ts'
import { type FakeCommands, fakeCommands } from '../../support/google/fake-commands.ts'

let commands: FakeCommands
beforeEach(() => {
  commands = fakeCommands(['gcloud', 'firebase'])
})
afterEach(() => commands[Symbol.dispose]())
const { run, changes } = runsBeside(() => commands)

const SHOP = {
  message: 'Our web shop, release 412',
  version: { name: 'sites/acme-prod/versions/v412' },
}

describe('a Hosting site that serves another release', () => {
  test('is left as it is, and nothing is deployed', async () => {
    commands.reply(live(SHOP))
    const { code, stderr } = await run('deploy')
    expect(code).toBe(1)
    expect(stderr).toContain('acme-prod serves the release "Our web shop, release 412"')
    expect(stderr).toContain('HOSTING_SITE')
    expect(changes()).toEqual([])
  })

  test('is replaced with --adopt, and the release before is recorded', async () => {
    commands.reply(live(SHOP))
    expect((await run('deploy', ['--adopt'])).code).toBe(0)
    expect(changes().at(-1)).toMatch(
      /firebase deploy .*chatgpt-auth0-gateway [0-9a-f]{40} after v412$/,
    )
  })

  test('comes back when the deployment is destroyed', async () => {
    commands.reply(
      live({
        message: 'chatgpt-auth0-gateway d1 after v412',
        version: { name: 'sites/x/versions/v413' },
      }),
    )
    expect((await run('destroy', ['--apply'])).code).toBe(0)
    expect(changes()[0]).toContain('firebase hosting:clone acme-prod@v412 acme-prod:live')
  })

  test('is disabled, with the reason, when that release cannot be brought back', async () => {
    commands.reply(
      { line: 'hosting:clone', code: 1, stderr: 'Error: version v412 is EXPIRED' },
      live({ message: 'chatgpt-auth0-gateway d1 after v412' }),
    )
    const { code, stdout } = await run('destroy', ['--apply'])
    expect(code).toBe(0)
    expect(stdout).toContain('Version v412 cannot be restored')
    expect(changes()[1]).toMatch(/firebase hosting:disable .*--site acme-prod --force/)
  })

  test('of another deployment of this system counts as such', async () => {
    commands.reply(live({ message: 'chatgpt-auth0-gateway/staging d1' }))
    expect((await run('deploy')).code).toBe(1)
    expect((await run('deploy', [], { GCP_PREFIX: 'staging' })).code).toBe(0)
  })
})

describe('the Hosting site', () => {
  test.each([
    ['HOSTING_SITE', [], { HOSTING_SITE: 'acme-mcp' }],
    ['--site', ['--site=acme-mcp'], {}],
    ['PUBLIC_URL on web.app', [], { PUBLIC_URL: 'https://acme-mcp.web.app' }],
  ])('is that of %s, and is created when there is none', async (_, args, variables) => {
    commands.reply({
      line: 'hosting:channel:list',
      code: 1,
      stdout: { status: 'error', error: 'could not find channels for site "acme-mcp"' },
    })
    expect((await run('deploy', args, variables)).code).toBe(0)
    expect(changes().slice(-2)[0]).toContain('firebase hosting:sites:create acme-mcp')
  })

  test('has the id of a project that has no default site', async () => {
    commands.reply(
      {
        line: 'hosting:channel:list.*--site',
        code: 1,
        stderr: 'could not find channels for site "acme-prod"',
      },
      {
        line: 'hosting:channel:list',
        code: 1,
        stderr: 'Could not determine the default site for the project.',
      },
    )
    expect((await run('deploy')).code).toBe(0)
    expect(changes().slice(-2)[0]).toContain('firebase hosting:sites:create acme-prod')
  })
})
