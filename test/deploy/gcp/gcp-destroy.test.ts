import { describe, expect, test } from 'vitest'
import { VARIABLES } from '../../support/google/deploy.ts'
import { runsWith } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, changes } = runsWith(commands)

describe('npm run destroy', () => {
  const ours = { labels: { 'made-by': 'chatgpt-auth0-gateway' } }
  const place = 'projects/acme-prod/locations/us-central1'
  const host = 'acme-prod.iam.gserviceaccount.com'
  const note = 'Made by npm run deploy of chatgpt-auth0-gateway'
  const apis = ['cloudfunctions', 'iam', 'secretmanager', 'run']
  const release = { message: `chatgpt-auth0-gateway ${'0'.repeat(40)}` }
  const channels = [{ name: 'sites/acme-prod/channels/live', release }]
  const replies = [
    {
      line: 'services list',
      stdout: apis.map((name) => ({ config: { name: `${name}.googleapis.com` } })),
    },
    {
      line: 'functions list',
      stdout: [
        { name: `${place}/functions/gateway`, ...ours },
        { name: `${place}/functions/metadata`, ...ours },
        { name: `${place}/functions/log-webhook`, labels: { team: 'b' } },
      ],
    },
    {
      line: 'secrets list',
      stdout: [
        { name: 'projects/1/secrets/GATEWAY_HMAC_SECRET', ...ours },
        { name: 'projects/1/secrets/MGMT_CLIENT_SECRET' },
      ],
    },
    {
      line: 'service-accounts list',
      stdout: [
        { email: `gateway-function@${host}`, description: note },
        { email: `metadata-function@${host}` },
      ],
    },
    { line: 'hosting:channel:list', stdout: { result: { channels } } },
  ]

  test('deletes only what deploy created', async () => {
    commands.reply(...replies)
    const { code } = await run(['--yes'], { command: 'destroy' })
    expect(code).toBe(0)
    expect(changes().map((one) => one.replace(/ --.*/, ''))).toEqual([
      'firebase hosting:disable',
      'gcloud functions delete gateway',
      'gcloud functions delete metadata',
      'gcloud secrets delete GATEWAY_HMAC_SECRET',
      'gcloud iam service-accounts delete gateway-function@acme-prod.iam.gserviceaccount.com',
    ])
  })

  test('revokes the permission of the gateway to call its backends', async () => {
    const role = 'roles/run.invoker'
    const member = 'serviceAccount:gateway-function@acme-prod.iam.gserviceaccount.com'
    commands.reply(
      {
        line: 'functions describe listEvents',
        stdout: { serviceConfig: { service: 'projects/p/locations/r/services/listevents' } },
      },
      {
        line: 'services get-iam-policy listevents',
        stdout: { bindings: [{ role, members: [member] }] },
      },
      ...replies,
    )
    const variables = { ...VARIABLES, BACKEND_AUTH: 'google' }
    await run(['--yes', '--only=backends'], { command: 'destroy', variables })
    expect(changes()).toEqual([
      `gcloud run services remove-iam-policy-binding listevents --project=acme-prod --region=us-central1 --member=${member} --role=${role}`,
    ])
  })

  test('prints the plan and changes nothing without --apply', async () => {
    commands.reply(...replies)
    const { code, stdout, stderr } = await run([], { command: 'destroy' })
    expect(code).toBe(1)
    expect(stdout).toContain('gcloud functions delete gateway')
    expect(stderr).toContain('npm run destroy -- --apply')
    expect(changes()).toEqual([])
  })

  test('deletes nothing in an empty project and keeps a foreign site', async () => {
    commands.reply({ line: 'hosting:channel:list', stdout: { result: { channels: [] } } })
    const { code, stdout } = await run(['--yes'], { command: 'destroy' })
    expect(code).toBe(0)
    expect(stdout).toContain('npm run deploy has created nothing in acme-prod, us-central1')
    expect(changes()).toEqual([])
  })
})
