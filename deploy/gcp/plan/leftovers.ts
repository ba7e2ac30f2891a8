import { isOurs, resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { ListedFunction } from '../state/functions.ts'
import type { State } from '../state/state.ts'
import { GONE, type Step } from '../step.ts'

/** A function of this deployment that its configuration no longer has, or has in another region. */
export interface Leftover {
  readonly id: string
  readonly region: string
}

/** The functions that this deployment, by its names, has made in any region. */
export function ownFunctions(
  { all }: State,
  known: readonly string[],
  settings: Settings,
): ListedFunction[] {
  const ids = new Set(known.map((name) => resourceName(name, settings)))
  return (all?.functions ?? []).filter(({ id, labels }) => ids.has(id) && isOurs(labels))
}

/** Those of them that are not wanted here. */
export function leftoversOf(
  state: State,
  known: readonly string[],
  wanted: readonly string[],
  settings: Settings,
): Leftover[] {
  const ids = new Set(wanted.map((name) => resourceName(name, settings)))
  return ownFunctions(state, known, settings)
    .filter(({ id, region }) => region !== settings.region || !ids.has(id))
    .map(({ id, region }) => ({ id, region }))
}

/** Removes leftovers. */
export function planPrune(leftovers: readonly Leftover[], { project }: Settings): Step[] {
  return leftovers.map(({ id, region }) => ({
    phase: 'functions',
    title: `delete the function ${id} in ${region}`,
    command: [
      ...(['gcloud', 'functions', 'delete', id] as const),
      ...[`--project=${project}`, `--region=${region}`, '--quiet'],
    ],
    group: 'delete',
    // One that an earlier run began to delete is gone in the middle of this.
    doneWhen: GONE,
  }))
}
