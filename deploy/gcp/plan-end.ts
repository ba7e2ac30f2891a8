import { type Backend, planBackends } from './backends.ts'
import { planHostingEnd, type Site } from './hosting.ts'
import { serviceAccountEmail } from './names.ts'
import type { Settings } from './settings.ts'
import type { State } from './state.ts'
import type { Step } from './step.ts'

export interface Ending {
  readonly functions: readonly string[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  readonly site: { readonly site: Site; readonly live: string | undefined } | undefined
}

/** Takes down what deploy has made and nothing else; APIs stay on, because others may use them. */
export function planEnd({ functions, settings, state, backends, site }: Ending): Step[] {
  const { project, region } = settings
  const deployed = functions.filter((name) => state.functions.get(name)?.isOurs)
  const secrets = [...state.secrets].filter(([, { isOurs }]) => isOurs).map(([name]) => name)
  const accounts = functions
    .map((name) => serviceAccountEmail(name, project))
    .filter((email) => state.accounts.get(email))
  return [
    ...(site ? planHostingEnd(site.site, site.live, settings) : []),
    ...planBackends(backends, settings, { remove: true }),
    ...deployed.map(
      (name): Step => ({
        phase: 'functions',
        title: `delete the function ${name}`,
        command: [
          ...(['gcloud', 'functions', 'delete', name] as const),
          ...[`--project=${project}`, `--region=${region}`, '--quiet'],
        ],
      }),
    ),
    ...secrets.map(
      (name): Step => ({
        phase: 'secrets',
        title: `delete the secret ${name} with all its versions`,
        command: ['gcloud', 'secrets', 'delete', name, `--project=${project}`, '--quiet'],
      }),
    ),
    ...accounts.map(
      (email): Step => ({
        phase: 'secrets',
        title: `delete the service account ${email}`,
        command: [
          ...(['gcloud', 'iam', 'service-accounts', 'delete', email] as const),
          ...[`--project=${project}`, '--quiet'],
        ],
      }),
    ),
  ]
}
