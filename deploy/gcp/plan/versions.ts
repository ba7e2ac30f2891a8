import type { Gcloud } from '../gcloud.ts'
import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import { pinsOf } from '../state/functions.ts'
import { listVersions } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import type { DeployStep } from '../step.ts'
import type { Target } from '../targets.ts'
import { isStored } from './secrets.ts'

/** A secret version to destroy. */
export interface OldVersion {
  readonly secret: string
  readonly version: string
}

/**
 * Reads the secret versions to destroy so that the newest `keep` versions remain. Versions that a
 * function of another deployment or region uses are kept as well.
 */
export async function readOldVersions(
  targets: readonly Target[],
  state: State,
  settings: Settings,
  { keep, update }: { readonly keep: number; readonly update: boolean },
  gcloud: Gcloud,
): Promise<OldVersion[]> {
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  const redeployed = new Set(targets.map(({ name }) => resourceName(name, settings)))
  const pinned = new Set(
    (state.all?.functions ?? [])
      .filter(({ id, region }) => !redeployed.has(id) || region !== settings.region)
      .flatMap((one) => pinsOf(one).map(({ secret, version }) => `${secret}:${version}`)),
  )
  const old = [...values].map(async ([name, value]) => {
    const stored = state.secrets.get(name)
    if (stored?.isOurs !== true) return []
    const secret = resourceName(name, settings)
    const listed = await listVersions(gcloud, secret, `--project=${settings.project}`)
    // The version that this run adds counts as one of them.
    const places = isStored(stored, value, update) ? keep : keep - 1
    return listed
      .filter(({ version }, index) => index >= places && version !== stored.latest?.version)
      .map(({ version }) => ({ secret, version }))
      .concat(places === 0 && stored.latest ? [{ secret, version: stored.latest.version }] : [])
      .filter(({ version }) => !pinned.has(`${secret}:${version}`))
  })
  return (await Promise.all(old)).flat()
}

/** Plans the destruction of old versions, which cannot be undone. */
export function planOldVersions(old: readonly OldVersion[], { project }: Settings): DeployStep[] {
  return old.map(({ secret, version }) => ({
    phase: 'secrets',
    title: `destroy version ${version} of ${secret}`,
    command: [
      ...(['gcloud', 'secrets', 'versions', 'destroy', version, `--secret=${secret}`] as const),
      ...[`--project=${project}`, '--quiet'],
    ],
  }))
}
