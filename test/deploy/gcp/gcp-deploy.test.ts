import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Gcloud } from '../../../deploy/gcp/gcloud.ts'
import { checkProject } from '../../../deploy/gcp/preflight.ts'
import { runCommand, SECRETS, VARIABLES } from '../../support/google/deploy.ts'
import { flagsOf, line, runsWith } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest, type Invocation } from '../../support/google/fake-commands.ts'

/** Connections to it are refused. */
const NOWHERE = 'https://0.0.0.0:1'
const commands = commandsForEachTest()
const { run, lines, changes } = runsWith(commands)

describe('deploy to an empty project', () => {
  test('enables APIs, then creates accounts, secrets, functions and the Hosting release', async () => {
    const { code, stdout, stderr } = await run(['--skip=doctor'])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(changes().map((one) => one.replace(/ --.*/, ''))).toEqual([
      expect.stringMatching(/^gcloud services enable .*cloudfunctions.*secretmanager/),
      ...['gateway', 'log-webhook', 'metadata'].map(
        (name) => `gcloud iam service-accounts create ${name}-function`,
      ),
      ...Object.keys(SECRETS)
        .sort()
        .flatMap((name) => [
          `gcloud secrets create ${name}`,
          `gcloud secrets versions add ${name}`,
          `gcloud secrets add-iam-policy-binding ${name}`,
        ]),
      'gcloud functions deploy gateway',
      'gcloud functions deploy log-webhook',
      'gcloud functions deploy metadata',
      'firebase deploy',
    ])
    expect(stdout).toContain('Connector URL: https://mcp.acme.example/mcp')
  })

  test('gives each function only its own account, variables and secrets', async () => {
    await run(['--skip=doctor,hosting'])
    const [gateway, logWebhook, metadata] = commands
      .invocations()
      .filter((one) => line(one).startsWith('gcloud functions deploy'))

    expect(flagsOf(line(gateway as Invocation))).toEqual([
      '--project=acme-prod',
      '--region=us-central1',
      '--gen2',
      '--runtime=nodejs24',
      expect.stringMatching(/^--source=\/.*\/gateway$/),
      '--entry-point=gateway',
      '--trigger-http',
      '--allow-unauthenticated',
      '--ingress-settings=all',
      '--service-account=gateway-function@acme-prod.iam.gserviceaccount.com',
      '--cpu=1',
      '--memory=512Mi',
      '--concurrency=80',
      '--min-instances=0',
      '--max-instances=10',
      '--timeout=58s',
      expect.stringMatching(/^--env-vars-file=\//),
      '--set-secrets=GATEWAY_HMAC_SECRET=GATEWAY_HMAC_SECRET:7',
      expect.stringMatching(
        /^--update-labels=made-by=chatgpt-auth0-gateway,source-digest=[0-9a-f]{40}$/,
      ),
      '--quiet',
    ])
    expect(gateway?.variables).toEqual({
      FUNCTIONS_BASE: VARIABLES['FUNCTIONS_BASE'],
      GOOGLE_CLOUD_PROJECT: 'acme-prod',
      OAUTH_ISSUER: VARIABLES['OAUTH_ISSUER'],
      PUBLIC_URL: VARIABLES['PUBLIC_URL'],
      TOOLS_FILE: 'catalogue.json',
    })
    expect(flagsOf(line(logWebhook as Invocation))).toEqual(
      expect.arrayContaining([
        '--entry-point=logWebhook',
        '--service-account=log-webhook-function@acme-prod.iam.gserviceaccount.com',
        '--set-secrets=LOG_WEBHOOK_SECRET=LOG_WEBHOOK_SECRET:7,MGMT_CLIENT_SECRET=MGMT_CLIENT_SECRET:7',
      ]),
    )
    expect(Object.keys(logWebhook?.variables ?? {})).not.toContain('FUNCTIONS_BASE')
    expect(flagsOf(line(metadata as Invocation))).toContain('--clear-secrets')
    expect(Object.keys(metadata?.variables ?? {}).sort()).toEqual([
      ...['GOOGLE_CLOUD_PROJECT', 'OAUTH_ISSUER', 'PUBLIC_URL', 'TOOLS_FILE'],
    ])
  })

  test('passes secrets to gcloud only on standard input and does not print them', async () => {
    const { stdout, stderr } = await run(['--skip=doctor'])
    const given = commands.invocations().filter(({ stdin }) => stdin !== '')

    expect(given.map(({ args, stdin }) => [args[3], stdin])).toEqual(
      Object.entries(SECRETS).sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    const rest = JSON.stringify([lines(), commands.invocations().map((one) => one.variables)])
    for (const secret of Object.values(SECRETS)) {
      expect(rest + stdout + stderr).not.toContain(secret)
    }
  })

  test('stores a secret that backendAuth names and passes it only to the gateway', async () => {
    const { TOOL_SCOPES_JSON: _, ...others } = VARIABLES
    const tools = (type: string) => ({
      a: {
        scopes: ['x'],
        backendAuth: { type: 'header', name: 'X-Api-Key', secret: 'CALENDAR_API_KEY' },
      },
      b: { scopes: ['x'], ...(type && { backendAuth: { type, audience: 'https://api.example' } }) },
    })
    const given = { CALENDAR_API_KEY: 'key-value-0123456789', OBO_CLIENT_SECRET: 's'.repeat(40) }
    const variables = {
      ...others,
      CALENDAR_API_KEY: given.CALENDAR_API_KEY,
      OBO_CLIENT_ID: 'exchange-client',
      TOOLS: JSON.stringify(tools('on_behalf_of')),
    }
    const env = { OBO_CLIENT_SECRET: given.OBO_CLIENT_SECRET }
    const { stdout, stderr } = await run(['--skip=doctor,hosting'], { variables, env })
    const all = commands.invocations()
    const deployed = all.filter((one) => line(one).startsWith('gcloud functions deploy'))
    expect(
      deployed.map((one) => flagsOf(line(one)).find((flag) => flag.includes('-secrets'))),
    ).toEqual([
      '--set-secrets=CALENDAR_API_KEY=CALENDAR_API_KEY:7,GATEWAY_HMAC_SECRET=GATEWAY_HMAC_SECRET:7,OBO_CLIENT_SECRET=OBO_CLIENT_SECRET:7',
      '--set-secrets=LOG_WEBHOOK_SECRET=LOG_WEBHOOK_SECRET:7,MGMT_CLIENT_SECRET=MGMT_CLIENT_SECRET:7',
      '--clear-secrets',
    ])
    expect(deployed[0]?.variables).toMatchObject({ OBO_CLIENT_ID: 'exchange-client' })
    for (const name of Object.keys(given)) {
      expect(lines()).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `secrets add-iam-policy-binding ${name} .*--member=serviceAccount:gateway-function@`,
          ),
        ),
      )
    }
    const rest = JSON.stringify([lines(), all.map((one) => one.variables)]) + stdout + stderr
    for (const value of Object.values(given)) expect(rest).not.toContain(value)
    expect(stdout).not.toContain('nothing reads')

    const without = { ...variables, TOOLS: JSON.stringify(tools('')), OBO_CLIENT_ID: '' }
    const before = commands.invocations().length
    await run(['--skip=doctor,hosting'], { variables: without })
    const later = commands.invocations().slice(before).map(line).join('\n')
    expect(later).toContain('CALENDAR_API_KEY')
    expect(later).not.toContain('OBO_CLIENT')
  })

  test('fails if the value of a secret that backendAuth names is missing', async () => {
    const { TOOL_SCOPES_JSON: _, ...others } = VARIABLES
    const backendAuth = { type: 'header', name: 'X-Api-Key', secret: 'CALENDAR_API_KEY' }
    const variables = { ...others, TOOLS: JSON.stringify({ a: { scopes: ['x'], backendAuth } }) }
    const { code, stderr } = await run(['--skip=doctor,hosting'], { variables })
    expect(code).toBe(1)
    expect(stderr).toContain('CALENDAR_API_KEY is required: backendAuth of a names it')
  })

  test('deletes the variables file afterwards', async () => {
    await run(['gateway'])
    const flag =
      lines()
        .join(' ')
        .match(/--env-vars-file=(\S+)/)?.[1] ?? ''
    expect(flag).not.toBe('')
    expect(() => readFileSync(flag)).toThrow('ENOENT')
  })

  test('deploys the registration function and its rewrite with curated metadata', async () => {
    const variables = { ...VARIABLES, AUTH_SERVER_METADATA: 'curated', GCP_REGION: 'europe-west1' }
    await run(['--skip=doctor'], { variables })
    const config =
      lines()
        .join(' ')
        .match(/firebase deploy .*--config (\S+)/)?.[1] ?? ''
    const { hosting } = JSON.parse(readFileSync(config, 'utf8'))
    const services = hosting.rewrites.map(({ run }: { run: unknown }) => run)

    expect(lines()).toContainEqual(
      expect.stringMatching(/functions deploy registration .*europe-west1/),
    )
    expect(services).toContainEqual({ serviceId: 'registration', region: 'europe-west1' })
    expect(services).not.toContainEqual(expect.objectContaining({ region: 'us-central1' }))
  })
})

describe('deploy of one function', () => {
  test('deploys it with its secrets and changes nothing else', async () => {
    await run(['gateway'])
    const touched = changes().join('\n')
    expect(touched).toContain('functions deploy gateway')
    expect(touched).not.toMatch(/log-webhook|metadata|MGMT|LOG_WEBHOOK|firebase /)
  })

  test.each([
    ['secrets', /^gcloud (iam|secrets) /],
    ['apis', /^gcloud services enable /],
    ['functions', /^gcloud functions deploy /],
  ])('changes only that part with --only=%s', async (part, expected) => {
    await run([part === 'functions' ? 'metadata' : 'gateway', `--only=${part}`])
    expect(changes()).not.toEqual([])
    for (const change of changes()) expect(change).toMatch(expected)
  })
})

test('--env-file is passed to the command and not read by Node.js', async () => {
  const { code, stderr } = await runCommand('deploy', ['--env-file=/nowhere'], {})
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('/nowhere cannot be read: copy .env.yaml.sample'),
  })
})

test.each(['deploy', 'destroy'] as const)('%s --help prints the usage', async (command) => {
  const { code, stdout } = await run(['--help'], { command })
  expect(code).toBe(0)
  expect(stdout).toMatch(new RegExp(`^Usage: npm run ${command} -- \\[FUNCTION`))
  expect(commands.invocations()).toEqual([])
})

test('deploy continues if a private backend is not deployed yet', async () => {
  const variables = { ...VARIABLES, BACKEND_AUTH: 'google' }
  const { code, stdout } = await run(['gateway'], { variables })
  expect(code).toBe(0)
  expect(stdout).toContain(`The backend listEvents is not deployed in acme-prod, us-central1.
After correcting it, run: npm run deploy -- --only=backends`)
  expect(changes().at(-1)).toContain('functions deploy gateway')
})

test('checkProject does not wait for a billing API that does not respond', async () => {
  const project = { lifecycleState: 'ACTIVE' }
  const gcloud: Gcloud = {
    describe: async (group) => (group === 'billing' ? new Promise(() => undefined) : project),
    list: async () => [],
  }
  const settings = { project: 'acme-prod', region: 'r', minInstances: 0, maxInstances: 1 }
  await expect(checkProject(settings, gcloud, 5)).resolves.toBeUndefined()
})

describe('a failed deployment', () => {
  test('prints the failed step, the reason, what is in place, what is not and how to continue', async () => {
    commands.reply({ line: 'functions deploy log-webhook', code: 1, stderr: 'Build failed: no.' })
    const { code, stderr } = await run(['--skip=doctor'])

    expect(code).toBe(1)
    expect(stderr).toMatch(/^Step \d+ of \d+ failed: deploy log-webhook \(new\)$/m)
    expect(stderr).toContain('Build failed: no.')
    expect(stderr).toMatch(
      /In place:\n[\s\S]*deploy gateway \(new\)\n {2}deploy metadata \(new\)\nNot done:\n {2}release Hosting/,
    )
    expect(stderr).toMatch(
      /then continue with: npm run deploy -- --env-file=\S+ --dist=\S+ --skip=doctor/,
    )
    expect(lines().join()).not.toContain('firebase deploy')
  })
})

test('deploy runs doctor at the end and exits with 1 if doctor finds problems', async () => {
  const variables = {
    ...VARIABLES,
    PUBLIC_URL: NOWHERE,
    OAUTH_ISSUER: `${NOWHERE}/`,
    MGMT_DOMAIN: 'localhost:1',
  }
  const { code, stdout, stderr } = await run([], { variables })

  expect(code).toBe(1)
  expect(stdout).toMatch(/^Deployed\. [\s\S]*url_unreachable/m)
  expect(stderr).toBe(
    'Deployment finished, but doctor found problems (above). To check again: npm run doctor -- https://0.0.0.0:1\n',
  )
  for (const secret of Object.values(SECRETS)) expect(stdout).not.toContain(secret)
})

describe('the project of a deployment', () => {
  const { GCP_PROJECT: _, ...bare } = VARIABLES
  test.each([
    {
      name: '--project',
      args: ['--project=by-flag'],
      env: { GCP_PROJECT: 'by-environment' },
      project: 'by-flag',
    },
    {
      name: 'GCP_PROJECT',
      args: [],
      env: { GCP_PROJECT: 'by-environment' },
      project: 'by-environment',
    },
    { name: 'the gcloud configuration', args: [], env: {}, project: 'by-gcloud' },
  ])('is read from $name', async ({ args, env, project }) => {
    commands.reply({ line: 'config get core/project', stdout: 'by-gcloud\n' })
    const { stdout } = await run(['metadata', '--dry-run', ...args], { variables: bare, env })
    expect(stdout).toContain(`Project ${project}, region us-central1\n`)
  })
})
