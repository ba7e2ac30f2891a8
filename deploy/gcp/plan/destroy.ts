import { type HostingState, planHostingRemoval } from '../hosting/plan.ts'
import { resourceName, serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { ALREADY_DELETED, type DeployStep } from '../step.ts'
import { type Backend, planBackends } from './backends.ts'
import { planPrune } from './leftovers.ts'
import { deleteAccount } from './unused.ts'
import { remainingUsers } from './users.ts'

export interface DestroyRequest {
  readonly functions: readonly string[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  readonly site: HostingState | undefined
}

/** The steps that remove a deployment, and the resources that are kept. */
export interface DestroyPlan {
  readonly steps: DeployStep[]
  /** One sentence per resource that is kept because something else uses it. */
  readonly kept: string[]
}

/**
 * Plans the removal of everything that `npm run deploy` created. Secrets and service accounts serve all
 * regions, so they are removed only if nothing else uses them. APIs stay enabled, because other
 * applications may use them.
 */
export function planDestroy({
  functions,
  settings,
  state,
  backends,
  site,
}: DestroyRequest): DestroyPlan {
  const { project, region } = settings
  const deployed = functions.filter((name) => state.functions.get(name)?.isOurs)
  const removed = deployed.map((name) => ({ id: resourceName(name, settings), region }))
  const users = remainingUsers(removed, state)
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
  const isGatewayUsed = users.accounts.has(serviceAccountEmail('gateway', settings))
  return {
    steps: [
      ...(site ? planHostingRemoval(site, settings) : []),
      ...(isGatewayUsed ? [] : planBackends(backends, settings, { remove: true })),
      ...planPrune(removed, settings),
      ...secrets.filter(isUnused).map(
        ({ id }): DeployStep => ({
          phase: 'secrets',
          title: `delete the secret ${id} with all its versions`,
          command: ['gcloud', 'secrets', 'delete', id, `--project=${project}`, '--quiet'],
          doneWhen: ALREADY_DELETED,
        }),
      ),
      ...accounts.filter(isUnused).map(({ id }) => deleteAccount(id, settings)),
    ],
    kept: [...secrets, ...accounts].flatMap(({ id, user }) =>
      user === undefined ? [] : [`${id} is kept: ${user} uses it.`],
    ),
  }
}

function isUnused({ user }: { readonly user: string | undefined }): boolean {
  return user === undefined
}
