import { type Backend, planBackends } from './backends.ts'
import { planHosting, type Site } from './hosting.ts'
import { APIS } from './names.ts'
import { type BuiltTarget, planFunctions } from './plan-functions.ts'
import { planAccounts, planSecrets } from './plan-secrets.ts'
import type { Settings } from './settings.ts'
import type { State } from './state.ts'
import { DEFAULT_PHASES, type Phase, type Step } from './step.ts'

/** All that a plan is made of. */
export interface Deployment {
  readonly targets: readonly BuiltTarget[]
  readonly settings: Settings
  readonly state: State
  readonly backends: readonly Backend[]
  /** Undefined: Hosting is left as it is. */
  readonly site: { readonly site: Site; readonly live: string | undefined } | undefined
}

/** The steps from what is there to what is to be, in order; none when all is in place. */
export function plan({ targets, settings, state, backends, site }: Deployment): Step[] {
  return [
    ...planApis(state, settings),
    ...planAccounts(targets, state, settings),
    ...planSecrets(targets, state, settings),
    ...planFunctions(targets, state, settings),
    ...planBackends(backends, settings),
    ...(site ? planHosting(site.site, site.live, settings) : []),
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
