import { expect, test } from 'vitest'
import { runHere, VARIABLES, writeEnvFile } from '../../support/google/deploy.ts'
import { builtOnce } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest, type Reply } from '../../support/google/fake-commands.ts'

// The registration function after AUTH_SERVER_METADATA was changed from curated to issuer.

const commands = commandsForEachTest()
const build = builtOnce()

const OURS = { 'made-by': 'chatgpt-auth0-gateway' }
const NOTE = 'Made by npm run deploy of chatgpt-auth0-gateway'
const ACCOUNT = 'registration-function@acme-prod.iam.gserviceaccount.com'
const FUNCTION = {
  name: 'projects/acme-prod/locations/us-central1/functions/registration',
  state: 'ACTIVE',
  labels: OURS,
  serviceConfig: {
    service: 'projects/acme-prod/locations/us-central1/services/registration',
    serviceAccountEmail: ACCOUNT,
  },
}
const SERVICE = {
  metadata: { name: 'jobs', labels: { 'cloud.googleapis.com/location': 'us-central1' } },
  spec: { template: { spec: { serviceAccountName: ACCOUNT } } },
}
const project = ({
  functions = [FUNCTION] as readonly object[],
  services = [] as readonly object[],
  description = NOTE,
} = {}): Reply[] => [
  {
    line: 'services list --enabled',
    stdout: ['cloudfunctions', 'iam', 'secretmanager', 'run'].map((name) => ({
      config: { name: `${name}.googleapis.com` },
    })),
  },
  { line: 'functions list', stdout: functions },
  { line: 'run services list', stdout: services },
  { line: 'service-accounts list', stdout: [{ email: ACCOUNT, description }] },
  {
    line: 'secrets list',
    stdout: ['MGMT_CLIENT_SECRET', 'LOG_WEBHOOK_SECRET', 'staging-MGMT_CLIENT_SECRET'].map(
      (id) => ({
        name: `projects/1/secrets/${id}`,
        labels: OURS,
      }),
    ),
  },
  {
    line: 'secrets get-iam-policy MGMT_CLIENT_SECRET',
    stdout: {
      bindings: [
        { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] },
      ],
    },
  },
]

async function pruning(...args: string[]): Promise<string[]> {
  const file = writeEnvFile(commands.directory, { ...VARIABLES, GCP_REGION: 'us-central1' })
  const places = [`--env-file=${file}`, `--dist=${commands.directory}/dist`]
  const all = [...places, '--skip=doctor,hosting', ...args]
  expect(await runHere('deploy', all, {}, commands.run, build)).toMatchObject({ stderr: '' })
  return commands
    .invocations()
    .map(({ args: line }) => line.join(' '))
    .filter((line) => /registration/.test(line) && /delete|remove/.test(line))
}

const DELETE = 'functions delete registration --project=acme-prod --region=us-central1 --quiet'
const REST = [
  `secrets remove-iam-policy-binding MGMT_CLIENT_SECRET --project=acme-prod --member=serviceAccount:${ACCOUNT} --role=roles/secretmanager.secretAccessor`,
  `iam service-accounts delete ${ACCOUNT} --project=acme-prod --quiet`,
]

test('--prune deletes the registration function, its access to secrets and its service account', async () => {
  commands.reply(...project())
  expect(await pruning('--prune')).toEqual([DELETE, ...REST])
})

test('--prune continues after a run that ended after deleting the function', async () => {
  commands.reply(...project({ functions: [] }))
  expect(await pruning('--prune')).toEqual(REST)
})

test('--prune keeps a service account that another service uses', async () => {
  commands.reply(...project({ services: [SERVICE] }))
  expect(await pruning('--prune')).toEqual([DELETE])
})

test('--prune keeps a service account that deploy did not create', async () => {
  commands.reply(...project({ description: 'By hand' }))
  expect(await pruning('--prune')).toEqual([DELETE])
})

test('--prune keeps the service account of a function that it does not delete', async () => {
  commands.reply(...project())
  expect(await pruning('--prune', '--only=secrets')).toEqual([])
})

test('deploy deletes nothing without --prune', async () => {
  commands.reply(...project())
  expect(await pruning()).toEqual([])
})
