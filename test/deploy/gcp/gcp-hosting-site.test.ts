import { describe, expect, test } from 'vitest'
import { live, runsBeside } from '../../support/google/beside-runs.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, changes } = runsBeside(commands)

const SHOP = {
  message: 'Our web shop, release 412',
  version: { name: 'sites/acme-prod/versions/v412' },
}

describe('a Hosting site with a foreign release', () => {
  test('is not changed, and deploy stops', async () => {
    commands.reply(live(SHOP))
    const { code, stderr } = await run('deploy')
    expect(code).toBe(1)
    expect(stderr).toContain('acme-prod serves the release "Our web shop, release 412"')
    expect(stderr).toContain('HOSTING_SITE')
    expect(changes()).toEqual([])
  })

  test('is replaced with --adopt, and the previous version is recorded', async () => {
    commands.reply(live(SHOP))
    expect((await run('deploy', ['--adopt'])).code).toBe(0)
    expect(changes().at(-1)).toMatch(
      /firebase deploy .*chatgpt-auth0-gateway [0-9a-f]{40} after v412$/,
    )
  })

  test('is restored by destroy', async () => {
    commands.reply(
      live({
        message: 'chatgpt-auth0-gateway d1 after v412',
        version: { name: 'sites/x/versions/v413' },
      }),
    )
    expect((await run('destroy', ['--apply'])).code).toBe(0)
    expect(changes()[0]).toContain('firebase hosting:clone acme-prod@v412 acme-prod:live')
  })

  test('is disabled by destroy if its release cannot be restored', async () => {
    commands.reply(
      { line: 'hosting:clone', code: 1, stderr: 'Error: version v412 is EXPIRED' },
      live({ message: 'chatgpt-auth0-gateway d1 after v412' }),
    )
    const { code, stdout } = await run('destroy', ['--apply'])
    expect(code).toBe(0)
    expect(stdout).toContain('Version v412 cannot be restored')
    expect(changes()[1]).toMatch(/firebase hosting:disable .*--site acme-prod --force/)
  })

  test('may be a deployment of this system with another GCP_PREFIX', async () => {
    commands.reply(live({ message: 'chatgpt-auth0-gateway/staging d1' }))
    expect((await run('deploy')).code).toBe(1)
    expect((await run('deploy', [], { GCP_PREFIX: 'staging' })).code).toBe(0)
  })
})

describe('the Hosting site of a deployment', () => {
  test.each([
    ['HOSTING_SITE', [], { HOSTING_SITE: 'acme-mcp' }],
    ['--site', ['--site=acme-mcp'], {}],
    ['PUBLIC_URL on web.app', [], { PUBLIC_URL: 'https://acme-mcp.web.app' }],
  ])('is set by %s and created if it does not exist', async (_, args, variables) => {
    commands.reply({
      line: 'hosting:channel:list',
      code: 1,
      stdout: { status: 'error', error: 'could not find channels for site "acme-mcp"' },
    })
    expect((await run('deploy', args, variables)).code).toBe(0)
    expect(changes().slice(-2)[0]).toContain('firebase hosting:sites:create acme-mcp')
  })

  test('has the id of the project if the project has no default site', async () => {
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
