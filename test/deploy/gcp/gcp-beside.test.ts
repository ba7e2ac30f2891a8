import { describe, expect, test } from 'vitest'
import { APIS, deployed, enabled, OURS, runsBeside } from '../../support/google/beside-runs.ts'
import { SECRETS } from '../../support/google/deploy.ts'
import { repliesAfter } from '../../support/google/deployed.ts'
import { commandsForEachTest, type Reply } from '../../support/google/fake-commands.ts'

const commands = commandsForEachTest()
const { run, lines, changes } = runsBeside(commands)

describe('GCP_REGION', () => {
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

  test('destroy keeps resources that another region uses', async () => {
    commands.reply(...both)
    const { stdout } = await run('destroy', ['--apply'])
    expect(changes()).toEqual([
      'gcloud functions delete gateway --project=acme-prod --region=us-central1 --quiet',
    ])
    expect(stdout).toContain(
      'GATEWAY_HMAC_SECRET is kept: the function gateway in europe-west1 uses it.',
    )
  })

  test('deploy lists functions in a previous region and deletes them with --prune', async () => {
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

  test('deploy lists the registration function after curated metadata is turned off', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('registration')] })
    expect((await run('deploy')).stdout).toContain('  registration in us-central1')
  })

  test.each([
    ['mars-north1', 'must be a region of Cloud Run'],
    ['africa-south1', 'must be a region that Firebase Hosting supports'],
  ])('deploy rejects %s before it reads the project', async (region, words) => {
    const { code, stderr } = await run('deploy', [], { GCP_REGION: region })
    expect(code).toBe(1)
    expect(stderr).toContain(words)
    expect(lines()).toEqual([])
  })
})

describe('a second app in the project', () => {
  const other = { PUBLIC_URL: 'https://second.example' }

  test('is rejected by deploy and destroy if it uses the names of the first', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('gateway')] })
    for (const command of ['deploy', 'destroy'] as const) {
      const { code, stderr } = await run(command, ['--apply'], other)
      expect(code).toBe(1)
      expect(stderr).toContain('GCP_PREFIX')
    }
    expect(changes()).toEqual([])
  })

  test('has its own names with GCP_PREFIX', async () => {
    commands.reply(enabled, { line: 'functions list', stdout: [deployed('gateway')] })
    const { code } = await run('deploy', [], { ...other, GCP_PREFIX: 'second' })
    expect(code).toBe(0)
    const named = changes().filter((one) => !/services enable|firebase/.test(one))
    expect(named).not.toEqual([])
    for (const change of named) {
      expect(change).toMatch(/second-(gateway|metadata|log-webhook|GATEWAY|MGMT|LOG)/)
    }
    expect(changes().join('\n')).toContain(
      '--set-secrets=GATEWAY_HMAC_SECRET=second-GATEWAY_HMAC_SECRET:7',
    )
  })

  test('is destroyed without changes to the first app', async () => {
    const replies = [deployed('gateway'), deployed('second-gateway')]
    commands.reply(enabled, { line: 'functions list', stdout: replies })
    await run('destroy', ['--apply'], { GCP_PREFIX: 'second-' })
    expect(changes()).toEqual([
      'gcloud functions delete second-gateway --project=acme-prod --region=us-central1 --quiet',
    ])
  })
})

describe('deploy under organization policies', () => {
  test('turns off the invoker check in the same run if allUsers is not permitted', async () => {
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

  test('fails before the first step if the build service account lacks its role', async () => {
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

  test('requires GCP_SECRET_LOCATIONS if locations are restricted and creates secrets there', async () => {
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

  test('succeeds and enables the Resource Manager API if it is disabled', async () => {
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

describe('the traffic of a deployed service', () => {
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

  test('stops the deployment if it is pinned to a revision', async () => {
    commands.reply(...pinned)
    const { code, stderr } = await run('deploy')
    expect(code).toBe(1)
    expect(stderr).toContain('gateway: 100 % to gateway-00003')
    expect(changes()).toEqual([])
  })

  test('moves to the new revision with --move-traffic', async () => {
    commands.reply(...pinned)
    await run('deploy', ['--move-traffic'])
    expect(changes().find((one) => one.includes('functions deploy gateway'))).toContain(
      '--serve-all-traffic-latest-revision',
    )
  })

  test('is deployed with the warnings of gcloud in the output', async () => {
    commands.reply({ line: 'functions deploy', stderr: 'WARNING: The runtime ends soon.\n' })
    expect((await run('deploy')).stdout).toContain('WARNING: The runtime ends soon.')
  })
})

test('deploy connects the gateway to GCP_VPC_NETWORK', async () => {
  await run('deploy', [], { GCP_VPC_NETWORK: 'inner', GCP_VPC_SUBNET: 'apps' })
  expect(changes().filter((one) => one.includes('--network'))).toEqual([
    'gcloud run services update gateway --network=inner --subnet=apps --vpc-egress=private-ranges-only --project=acme-prod --region=us-central1 --quiet',
  ])
})

test('deploy disconnects the gateway from its network without GCP_VPC_NETWORK', async () => {
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

test('deploy runs 10 reading gcloud commands and no writing ones if nothing changed', async () => {
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
