import { type CommandResult, runHere, VARIABLES, writeEnvFile } from './deploy.ts'
import { builtOnce } from './deploy-runs.ts'
import type { Reply, TestCommands } from './fake-commands.ts'

/** Runs of deploy and destroy without doctor in a shared project, and the commands that they called. */
export function runsBeside(commands: TestCommands) {
  const build = builtOnce()

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
    return runHere(command, [...places, '--skip=doctor', ...args], env, commands.run, build)
  }

  const READ =
    /\b(config get|describe|list|get-iam-policy|get-default-service-account|access|hosting:channel:list)\b/
  const lines = () =>
    commands.invocations().map(({ program, args }) => [program, ...args].join(' '))
  const changes = (from = 0) =>
    lines()
      .slice(from)
      .filter((one) => !READ.test(one))

  return { run, lines, changes }
}

/** The label of resources that deploy created. */
export const OURS = { 'made-by': 'chatgpt-auth0-gateway' }
/** The enabled APIs of the project. */
export const APIS = ['cloudfunctions', 'iam', 'secretmanager', 'run'].map((name) => ({
  config: { name: `${name}.googleapis.com` },
}))
export const enabled: Reply = { line: 'services list --enabled', stdout: APIS }
/** A function in the format of `gcloud functions list`. */
export const deployed = (id: string, region = 'us-central1', more: object = {}) => ({
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
/** A reply with the live release of the Hosting site. */
export const live = (release: object): Reply => ({
  line: 'hosting:channel:list',
  stdout: { result: { channels: [{ name: 'projects/1/sites/acme-prod/channels/live', release }] } },
})
