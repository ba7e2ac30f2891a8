import { type HostingState, planHosting } from '../hosting/plan.ts'
import { APIS } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { DEFAULT_PHASES, type Phase, type Step } from '../step.ts'
import { type Backend, planBackends } from './backends.ts'
import { type BuiltTarget, planFunctions } from './functions.ts'
import { type Leftover, planPrune } from './leftovers.ts'
import { planAccounts, planSecrets } from './secrets.ts'
import { planUnused, type UnusedAccount } from './unused.ts'
import { type OldVersion, planOldVersions } from './versions.ts'

/** All that a plan is made of. */
export interface Deployment {
  readonly targets: readonly BuiltTarget[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  /** Undefined: Hosting is left as it is. */
  readonly site: HostingState | undefined
  /** Store given values also where the current one cannot be read. */
  readonly updateSecrets?: boolean
  /** Functions of an earlier configuration that are to go. */
  readonly pruned?: readonly Leftover[]
  /** Service accounts that have no function any more. */
  readonly unused?: readonly UnusedAccount[]
  /** Versions of secrets that are to be destroyed. */
  readonly oldVersions?: readonly OldVersion[]
}

/** The steps from what is there to what is to be, in order; none when all is in place. */
export function plan({
  targets,
  settings,
  state,
  backends,
  site,
  updateSecrets = false,
  pruned = [],
  unused = [],
  oldVersions = [],
}: Deployment): Step[] {
  return [
    ...planApis(state, settings),
    ...planAccounts(targets, state, settings),
    ...planSecrets(targets, state, settings, updateSecrets),
    ...planFunctions(targets, state, settings, updateSecrets),
    ...planBackends(backends, settings),
    ...(site ? planHosting(site, settings) : []),
    // What served until now goes last.
    ...planPrune(pruned, settings),
    ...planUnused(unused, settings),
    ...planOldVersions(oldVersions, settings),
  ]
}

/** The steps of some phases, by default all. */
export function inPhases(steps: readonly Step[], phases: ReadonlySet<Phase>): Step[] {
  return steps.filter(({ phase }) => phases.has(phase))
}

/** The phases that --only and --skip leave of `all`. */
export function phasesOf(
  only: readonly Phase[],
  skip: readonly Phase[],
  all: readonly Phase[] = DEFAULT_PHASES,
): ReadonlySet<Phase> {
  const asked = only.length > 0 ? only : all
  return new Set(asked.filter((phase) => !skip.includes(phase)))
}

function planApis({ apis }: State, { project }: Settings): Step[] {
  const missing = APIS.filter((api) => !apis.has(api))
  if (missing.length === 0) return []
  return [
    {
      phase: 'apis',
      title: `enable ${missing.length} APIs`,
      command: ['gcloud', 'services', 'enable', ...missing, `--project=${project}`],
    },
  ]
}
