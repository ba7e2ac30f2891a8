import { isOurs, resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { ListedFunction } from '../state/functions.ts'
import type { State } from '../state/state.ts'
import { ALREADY_DELETED, type DeployStep } from '../step.ts'

/** A function of this deployment that is no longer configured, or is configured in another region. */
export interface Leftover {
  readonly id: string
  readonly region: string
}

/** Returns the functions of this deployment in all regions, identified by name and label. */
export function ownFunctions(
  { all }: State,
  known: readonly string[],
  settings: Settings,
): ListedFunction[] {
  const ids = new Set(known.map((name) => resourceName(name, settings)))
  return (all?.functions ?? []).filter(({ id, labels }) => ids.has(id) && isOurs(labels))
}

/** Returns the functions of this deployment that are not configured in this region. */
export function leftoversOf(
  state: State,
  known: readonly string[],
  desired: readonly string[],
  settings: Settings,
): Leftover[] {
  const ids = new Set(desired.map((name) => resourceName(name, settings)))
  return ownFunctions(state, known, settings)
    .filter(({ id, region }) => region !== settings.region || !ids.has(id))
    .map(({ id, region }) => ({ id, region }))
}

/** Plans the removal of leftover functions. */
export function planPrune(leftovers: readonly Leftover[], { project }: Settings): DeployStep[] {
  return leftovers.map(({ id, region }) => ({
    phase: 'functions',
    title: `delete the function ${id} in ${region}`,
    command: [
      ...(['gcloud', 'functions', 'delete', id] as const),
      ...[`--project=${project}`, `--region=${region}`, '--quiet'],
    ],
    group: 'delete',
    // An earlier run may have started the deletion, which then completes during this one.
    doneWhen: ALREADY_DELETED,
  }))
}
