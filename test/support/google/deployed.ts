import type { Invocation, Reply } from './fake-commands.ts'

const APIS = ['cloudfunctions', 'iam', 'run', 'secretmanager']

/**
 * The gcloud replies for a project after `invocations` deployed functions with `secrets`. The functions
 * are public and have the settings of their last deployment. The secrets have the version 7.
 */
export function repliesAfter(
  invocations: readonly Invocation[],
  secrets: Readonly<Record<string, string>>,
): Reply[] {
  const deployments = new Map(
    invocations
      .filter(({ args }) => args.slice(0, 2).join(' ') === 'functions deploy')
      .map((invocation) => [invocation.args[2] ?? '', invocation]),
  )
  return [
    {
      line: 'services list',
      stdout: APIS.map((name) => ({ config: { name: `${name}.googleapis.com` } })),
    },
    {
      line: 'functions list',
      stdout: [...deployments].map(([name, { args, variables }]) => ({
        name: `projects/acme-prod/locations/${flag(args, 'region')}/functions/${name}`,
        state: 'ACTIVE',
        labels: pairs(flag(args, 'update-labels')),
        buildConfig: { entryPoint: flag(args, 'entry-point'), runtime: flag(args, 'runtime') },
        serviceConfig: {
          service: `projects/acme-prod/locations/us-central1/services/${name}`,
          availableCpu: flag(args, 'cpu'),
          availableMemory: flag(args, 'memory'),
          maxInstanceRequestConcurrency: Number(flag(args, 'concurrency')),
          timeoutSeconds: Number.parseInt(flag(args, 'timeout'), 10),
          ingressSettings: 'ALLOW_ALL',
          serviceAccountEmail: flag(args, 'service-account'),
          maxInstanceCount: Number(flag(args, 'max-instances')),
          environmentVariables: variables,
          secretEnvironmentVariables: Object.entries(pairs(flag(args, 'set-secrets'))).map(
            ([key, value]) => ({
              key,
              secret: value.replace(/:.*$/, ''),
              version: value.replace(/^.*:/, ''),
            }),
          ),
        },
      })),
    },
    {
      line: 'run services get-iam-policy',
      stdout: { bindings: [{ role: 'roles/run.invoker', members: ['allUsers'] }] },
    },
    ...Object.entries(secrets).map(([name, value]) => ({
      line: `secrets versions access latest --secret=${name} `,
      stdout: {
        name: 'projects/1/secrets/X/versions/7',
        payload: { data: Buffer.from(value).toString('base64') },
      },
    })),
    {
      line: 'secrets list',
      stdout: Object.keys(secrets).map((name) => ({
        name: `projects/1/secrets/${name}`,
        labels: { 'made-by': 'chatgpt-auth0-gateway' },
      })),
    },
  ]
}

function flag(args: readonly string[], name: string): string {
  const start = `--${name}=`
  return args.find((arg) => arg.startsWith(start))?.slice(start.length) ?? ''
}

function pairs(list: string): Record<string, string> {
  const items = list.split(',').filter((item) => item !== '')
  return Object.fromEntries(items.map((item) => item.split(/=(.*)/s).slice(0, 2)))
}
