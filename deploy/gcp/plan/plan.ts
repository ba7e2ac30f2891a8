import { quantity } from '../../kit/quantity.ts'
import { type HostingState, planHosting } from '../hosting/plan.ts'
import { APIS } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { DEFAULT_PHASES, type DeployStep, type Phase } from '../step.ts'
import { type Backend, planBackends } from './backends.ts'
import { type BuiltTarget, planFunctions } from './functions.ts'
import { type Leftover, planPrune } from './leftovers.ts'
import { planAccounts, planSecrets } from './secrets.ts'
import { planUnusedAccounts, type UnusedAccount } from './unused.ts'
import { type OldVersion, planOldVersions } from './versions.ts'

/** The input of a deployment plan. */
export interface Deployment {
  readonly targets: readonly BuiltTarget[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  /** Undefined = Hosting is not changed. */
  readonly site: HostingState | undefined
  /** Store given values even if the current ones cannot be read. */
  readonly updateSecrets?: boolean
  /** Functions of an earlier configuration to remove. */
  readonly pruned?: readonly Leftover[]
  /** Service accounts without a function, to remove. */
  readonly unused?: readonly UnusedAccount[]
  /** Versions of secrets to destroy. */
  readonly oldVersions?: readonly OldVersion[]
}

/** Returns the steps from the current to the desired state, in order; empty if nothing differs. */
export function planDeployment({
  targets,
  settings,
  state,
  backends,
  site,
  updateSecrets = false,
  pruned = [],
  unused = [],
  oldVersions = [],
}: Deployment): DeployStep[] {
  return [
    ...planApis(state, settings),
    ...planAccounts(targets, state, settings),
    ...planSecrets(targets, state, settings, updateSecrets),
    ...planFunctions(targets, state, settings, updateSecrets),
    ...planBackends(backends, settings),
    ...(site ? planHosting(site, settings) : []),
    // Old functions are removed after the new ones serve.
    ...planPrune(pruned, settings),
    ...planUnusedAccounts(unused, settings),
    ...planOldVersions(oldVersions, settings),
  ]
}

/** Returns the steps of the given phases. */
export function inPhases(steps: readonly DeployStep[], phases: ReadonlySet<Phase>): DeployStep[] {
  return steps.filter(({ phase }) => phases.has(phase))
}

/** Returns the phases in `all` that --only and --skip select. */
export function phasesOf(
  only: readonly Phase[],
  skip: readonly Phase[],
  all: readonly Phase[] = DEFAULT_PHASES,
): ReadonlySet<Phase> {
  const selected = only.length > 0 ? only : all
  return new Set(selected.filter((phase) => !skip.includes(phase)))
}

function planApis({ apis }: State, { project }: Settings): DeployStep[] {
  const missing = APIS.filter((api) => !apis.has(api))
  if (missing.length === 0) return []
  return [
    {
      phase: 'apis',
      title: `enable ${quantity(missing.length, 'API')}`,
      command: ['gcloud', 'services', 'enable', ...missing, `--project=${project}`],
    },
  ]
}
