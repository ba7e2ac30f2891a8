import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Built } from '../../../deploy/build/build.ts'
import { type BuiltFunctions, buildAll } from '../../support/build.ts'
import {
  type CommandResult,
  runHere,
  SECRETS,
  VARIABLES,
  writeEnvFile,
} from '../../support/google/deploy.ts'
import { repliesAfter } from '../../support/google/deployed.ts'
import { type FakeCommands, fakeCommands, type Reply } from '../../support/google/fake-commands.ts'

let commands: FakeCommands
let built: BuiltFunctions
beforeAll(async () => {
  built = await buildAll()
})
afterAll(() => built[Symbol.asyncDispose]())
beforeEach(() => {
  commands = fakeCommands(['gcloud', 'firebase'])
})
afterEach(() => commands[Symbol.dispose]())

function run(
  command: 'deploy' | 'destroy',
  args: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  base: Readonly<Record<string, string>> = VARIABLES,
): Promise<CommandResult> {
  const file = writeEnvFile(commands.directory, {
    ...base,
    GCP_REGION: 'us-central1',
    ...variables,
  })
  const places = [`--env-file=${file}`, `--dist=${commands.directory}/dist`]
  const build = async (name: string) => built.functions.get(name) as Built
  return runHere(command, [...places, '--skip=doctor', ...args], env, commands.run, build)
}

const READ =
  /\b(config get|describe|list|get-iam-policy|get-default-service-account|access|hosting:channel:list)\b/
const lines = () => commands.invocations().map(({ program, args }) => [program, ...args].join(' '))
const changes = (from = 0) =>
  lines()
    .slice(from)
    .filter((one) => !READ.test(one))

const OURS = { 'made-by': 'chatgpt-auth0-gateway' }
const APIS = ['cloudfunctions', 'iam', 'secretmanager', 'run'].map((name) => ({
  config: { name: `${name}.googleapis.com` },
}))
const enabled: Reply = { line: 'services list --enabled', stdout: APIS }
const deployed = (id: string, region = 'us-central1', more: object = {}) => ({
  name: `projects/acme-prod/locations/${region}/functions/${id}`,
  state: 'ACTIVE',
  labels: OURS,
  serviceConfig: {
    service: `projects/acme-prod/locations/${region}/services/${id}`,
    serviceAccountEmail: `${id}-function@acme-prod.iam.gserviceaccount.com`,
    environmentVariables: { PUBLIC_URL: VARIABLES['PUBLIC_URL'] },
    secretEnvironmentVariables:
      id === 'gateway'
        ? [{ key: 'GATEWAY_HMAC_SECRET', secret: 'GATEWAY_HMAC_SECRET', version: '1' }]
        : [],
    ...more,
  },
})
const live = (release: object): Reply => ({
  line: 'hosting:channel:list',
  stdout: { result: { channels: [{ name: 'projects/1/sites/acme-prod/channels/live', release }] } },
})
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

describe('regions', () => {
  const both: Reply[] = [
    enabled,
    {
      line: 'functions list',
      stdout: [deployed('gateway'), deployed('gateway', 'europe-west1')],
    },
    {
      line: 'secrets list',
      stdout: [{ name: 'projects/1/secrets/GATEWAY_HMAC_SECRET', labels: OURS }],
    },
    {
      line: 'service-accounts list',
      stdout: [
        {
          email: 'gateway-function@acme-prod.iam.gserviceaccount.com',
          description: 'Made by npm run deploy of chatgpt-auth0-gateway',
        },
      ],
    },
  ]

  test('what another region uses stays when one is destroyed', async () => {
    commands.reply(...both)
    const { stdout } = await run('destroy', ['--apply'])
    expect(changes()).toEqual([
      'gcloud functions delete gateway --project=acme-prod --region=us-central1 --quiet',
    ])
    expect(stdout).toContain(
      'GATEWAY_HMAC_SECRET is kept: the function gateway in europe-west1 uses it.',
    )
  })

  test('functions of an earlier region are listed, and removed with --prune', async () => {
    commands.reply(...both)
    const { stdout } = await run('deploy', [])
    expect(stdout).toContain('  gateway in europe-west1')
    expect(changes().join()).not.toContain('delete')
    const before = lines().length
    await run('deploy', ['--prune'])
    expect(changes(before).at(-1)).toBe(
      'gcloud functions delete gateway --project=acme-prod --region=europe-west1 --quiet',
    )
  })

  test('the function that curated metadata needed is listed afterwards', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('registration')] })
    expect((await run('deploy')).stdout).toContain('  registration in us-central1')
  })

  test.each([
    ['mars-north1', 'must be a region of Cloud Run'],
    ['africa-south1', 'must be a region that Firebase Hosting supports'],
  ])('%s is refused before anything is read', async (region, words) => {
    const { code, stderr } = await run('deploy', [], { GCP_REGION: region })
    expect(code).toBe(1)
    expect(stderr).toContain(words)
    expect(lines()).toEqual([])
  })
})

describe('a second app in the project', () => {
  const other = { PUBLIC_URL: 'https://second.example' }

  test('is refused under the names of the first, by deploy and by destroy', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('gateway')] })
    for (const command of ['deploy', 'destroy'] as const) {
      const { code, stderr } = await run(command, ['--apply'], other)
      expect(code).toBe(1)
      expect(stderr).toContain('GCP_PREFIX')
    }
    expect(changes()).toEqual([])
  })

  test('has names of its own with GCP_PREFIX', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('gateway')] })
    const { code } = await run('deploy', [], { ...other, GCP_PREFIX: 'second' })
    expect(code).toBe(0)
    for (const change of changes().filter((one) => !/services enable|firebase/.test(one))) {
      expect(change).toMatch(/second-(gateway|metadata|log-webhook|GATEWAY|MGMT|LOG)/)
    }
    expect(changes().join('\n')).toContain(
      '--set-secrets=GATEWAY_HMAC_SECRET=second-GATEWAY_HMAC_SECRET:7',
    )
  })

  test('is destroyed without the first', async () => {
    const replies = [deployed('gateway'), deployed('second-gateway')]
    commands.reply(enabled, { line: 'functions list', stdout: replies })
    await run('destroy', ['--apply'], { GCP_PREFIX: 'second-' })
    expect(changes()).toEqual([
      'gcloud functions delete second-gateway --project=acme-prod --region=us-central1 --quiet',
    ])
  })
})

describe('an organisation', () => {
  test('that refuses allUsers gets functions without the check, in the same run', async () => {
    commands.reply({
      line: 'functions deploy',
      code: 1,
      stderr:
        'ERROR: FAILED_PRECONDITION: One or more users named in the policy do not belong to a permitted customer.',
    })
    const { code, stdout } = await run('deploy')
    expect(code).toBe(0)
    expect(stdout).toContain('domain restricted sharing')
    expect(changes().filter((one) => one.includes('--no-invoker-iam-check'))).toHaveLength(3)
  })

  test('whose build account has no role is told before the first step', async () => {
    const bindings = [{ role: 'roles/owner', members: ['user:a@acme.example'] }]
    const account = '1-compute@developer.gserviceaccount.com'
    commands.reply(
      {
        line: 'services list',
        stdout: [...APIS, { config: { name: 'cloudbuild.googleapis.com' } }],
      },
      { line: 'projects get-iam-policy', stdout: { bindings } },
      {
        line: 'builds get-default-service-account',
        stdout: { serviceAccountEmail: `projects/acme-prod/serviceAccounts/${account}` },
      },
    )
    const { code, stderr } = await run('deploy')
    expect(code).toBe(1)
    expect(stderr).toContain(
      `--member=serviceAccount:${account} --role=roles/cloudbuild.builds.builder`,
    )
    expect(stderr).toContain('GCP_BUILD_SERVICE_ACCOUNT')
    expect(changes()).toEqual([])
  })

  test('that restricts locations is asked for GCP_SECRET_LOCATIONS, which secrets then have', async () => {
    commands.reply({
      line: 'org-policies describe gcp.resourceLocations',
      stdout: { listPolicy: { allowedValues: ['in:eu-locations'] } },
    })
    const refused = await run('deploy')
    expect(refused.stderr).toContain('gcp.resourceLocations restricts locations (in:eu-locations)')
    expect(changes()).toEqual([])
    await run('deploy', [], { GCP_SECRET_LOCATIONS: 'europe-west1, europe-west4' })
    expect(changes().find((one) => one.includes('secrets create'))).toContain(
      '--replication-policy=user-managed --locations=europe-west1,europe-west4',
    )
  })

  test('in whose project the Resource Manager API is disabled is served all the same', async () => {
    commands.reply({
      line: 'gcloud projects describe',
      code: 1,
      stderr:
        'PERMISSION_DENIED: Cloud Resource Manager API has not been used in project 1 before or it is disabled.',
    })
    const { code, stdout } = await run('deploy')
    expect(code).toBe(0)
    expect(stdout).toContain('Resource Manager API is disabled')
    expect(changes()[0]).toContain('cloudresourcemanager.googleapis.com')
  })
})

describe('what is deployed is served', () => {
  const pinned: Reply[] = [
    enabled,
    { line: 'functions list', stdout: [deployed('gateway')] },
    {
      line: 'run services list',
      stdout: [
        {
          metadata: { name: 'gateway', labels: { 'cloud.googleapis.com/location': 'us-central1' } },
          spec: { traffic: [{ revisionName: 'gateway-00003', percent: 100 }] },
        },
      ],
    },
  ]

  test('pinned traffic stops the deployment', async () => {
    commands.reply(...pinned)
    const { code, stderr } = await run('deploy')
    expect(code).toBe(1)
    expect(stderr).toContain('gateway: 100 % to gateway-00003')
    expect(changes()).toEqual([])
  })

  test('with --move-traffic it follows', async () => {
    commands.reply(...pinned)
    await run('deploy', ['--move-traffic'])
    expect(changes().find((one) => one.includes('functions deploy gateway'))).toContain(
      '--serve-all-traffic-latest-revision',
    )
  })

  test("gcloud's warnings are shown", async () => {
    commands.reply({ line: 'functions deploy', stderr: 'WARNING: The runtime ends soon.\n' })
    expect((await run('deploy')).stdout).toContain('WARNING: The runtime ends soon.')
  })
})

test('the gateway is connected to the network that is given', async () => {
  await run('deploy', [], { GCP_VPC_NETWORK: 'inner', GCP_VPC_SUBNET: 'apps' })
  expect(changes().filter((one) => one.includes('--network'))).toEqual([
    'gcloud run services update gateway --network=inner --subnet=apps --vpc-egress=private-ranges-only --project=acme-prod --region=us-central1 --quiet',
  ])
})

test('the gateway is disconnected from the network that is no longer given', async () => {
  const interfaces = JSON.stringify([{ network: 'inner', subnetwork: 'apps' }])
  commands.reply(
    enabled,
    { line: 'functions list', stdout: [deployed('gateway')] },
    {
      line: 'run services list',
      stdout: [
        {
          metadata: { name: 'gateway', labels: { 'cloud.googleapis.com/location': 'us-central1' } },
          spec: {
            template: {
              metadata: { annotations: { 'run.googleapis.com/network-interfaces': interfaces } },
            },
          },
        },
      ],
    },
  )
  await run('deploy')
  expect(changes().filter((one) => one.includes('network'))).toEqual([
    'gcloud run services update gateway --clear-network --project=acme-prod --region=us-central1 --quiet',
  ])
})

test('a run without changes takes 10 commands of gcloud, none of which changes anything', async () => {
  await run('deploy')
  const first = commands.invocations().slice()
  const manager = { config: { name: 'cloudresourcemanager.googleapis.com' } }
  commands.reply(
    { line: 'services list', stdout: [...APIS, manager] },
    ...repliesAfter(first, SECRETS),
  )
  const before = lines().length
  expect((await run('deploy', ['--skip=apis,hosting'])).stdout).toContain('Nothing to change')
  expect(changes(before)).toEqual([])
  expect(lines().slice(before)).toHaveLength(10)
})

describe('secrets', () => {
  const bare = Object.fromEntries(Object.entries(VARIABLES).filter(([name]) => !(name in SECRETS)))

  test('come from the environment', async () => {
    expect((await run('deploy', [], {}, SECRETS, bare)).code).toBe(0)
    const stdin = commands.invocations().flatMap((one) => (one.stdin ? [one.stdin] : []))
    expect(stdin.sort()).toEqual(Object.values(SECRETS).sort())
  })

  test('that nothing gives stay as Secret Manager has them, and a second run changes nothing', async () => {
    await run('deploy')
    const first = commands.invocations().slice()
    const before = lines().length
    commands.reply(...repliesAfter(first, SECRETS))
    const { code, stdout } = await run('deploy', ['--skip=apis,hosting'], {}, {}, bare)
    expect(code).toBe(0)
    expect(stdout).toContain('kept from Secret Manager')
    expect(changes(before).filter((one) => !one.includes('service-accounts'))).toEqual([])
  })

  test('that are nowhere are required', async () => {
    const { code, stderr } = await run('deploy', [], {}, {}, bare)
    expect(code).toBe(1)
    expect(stderr).toContain('LOG_WEBHOOK_SECRET is required')
    expect(changes()).toEqual([])
  })

  test('whose value may not be read get a version only with --update-secrets', async () => {
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

  test('keep only as many versions as --keep-versions says', async () => {
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

  test('a signing key is made on request, and shown nowhere', async () => {
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
