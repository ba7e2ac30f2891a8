import { type HostingState, planHostingEnd } from '../hosting/plan.ts'
import { resourceName, serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { GONE, type Step } from '../step.ts'
import { type Backend, planBackends } from './backends.ts'
import { planPrune } from './leftovers.ts'
import { deleteAccount } from './unused.ts'
import { remainingUsers } from './users.ts'

export interface Ending {
  readonly functions: readonly string[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  readonly site: HostingState | undefined
}

/** What takes a deployment down, and what stays because something else uses it. */
export interface End {
  readonly steps: Step[]
  /** A sentence each. */
  readonly kept: string[]
}

/**
 * Takes down what deploy has made and nothing else. Secrets and service accounts serve all regions, so
 * they go when nothing else uses them; APIs stay on, because others may use them.
 */
export function planEnd({ functions, settings, state, backends, site }: Ending): End {
  const { project, region } = settings
  const deployed = functions.filter((name) => state.functions.get(name)?.isOurs)
  const going = deployed.map((name) => ({ id: resourceName(name, settings), region }))
  const users = remainingUsers(going, state)
  const secrets = [...state.secrets]
    .filter(([, { isOurs }]) => isOurs)
    .map(([name]) => ({
      id: resourceName(name, settings),
      user: users.secrets.get(resourceName(name, settings)),
    }))
  const accounts = functions
    .map((name) => serviceAccountEmail(name, settings))
    .filter((email) => state.accounts.get(email))
    .map((id) => ({ id, user: users.accounts.get(id) }))
  const callsOn = users.accounts.has(serviceAccountEmail('gateway', settings))
  return {
    steps: [
      ...(site ? planHostingEnd(site, settings) : []),
      ...(callsOn ? [] : planBackends(backends, settings, { remove: true })),
      ...planPrune(going, settings),
      ...secrets.filter(isFree).map(
        ({ id }): Step => ({
          phase: 'secrets',
          title: `delete the secret ${id} with all its versions`,
          command: ['gcloud', 'secrets', 'delete', id, `--project=${project}`, '--quiet'],
          doneWhen: GONE,
        }),
      ),
      ...accounts.filter(isFree).map(({ id }) => deleteAccount(id, settings)),
    ],
    kept: [...secrets, ...accounts].flatMap(({ id, user }) =>
      user === undefined ? [] : [`${id} stays: ${user} uses it.`],
    ),
  }
}

function isFree({ user }: { readonly user: string | undefined }): boolean {
  return user === undefined
}
