import type { Gcloud } from '../gcloud.ts'
import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import { pinsOf } from '../state/functions.ts'
import { listVersions } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import type { Step } from '../step.ts'
import type { Target } from '../targets.ts'
import { isStored } from './secrets.ts'

/** A version of a secret that is to be destroyed. */
export interface OldVersion {
  readonly secret: string
  readonly version: string
}

/**
 * The versions of the secrets that go when the newest `keep` of each stay. A version that a function
 * of another deployment or region uses stays, too.
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
    // One place is for the version that this run adds.
    const places = isStored(stored, value, update) ? keep : keep - 1
    return listed
      .filter(({ version }, index) => index >= places && version !== stored.latest?.version)
      .map(({ version }) => ({ secret, version }))
      .concat(places === 0 && stored.latest ? [{ secret, version: stored.latest.version }] : [])
      .filter(({ version }) => !pinned.has(`${secret}:${version}`))
  })
  return (await Promise.all(old)).flat()
}

/** Destroys old versions: their values are gone for good. */
export function planOldVersions(old: readonly OldVersion[], { project }: Settings): Step[] {
  return old.map(({ secret, version }) => ({
    phase: 'secrets',
    title: `destroy version ${version} of ${secret}`,
    command: [
      ...(['gcloud', 'secrets', 'versions', 'destroy', version, `--secret=${secret}`] as const),
      ...[`--project=${project}`, '--quiet'],
    ],
  }))
}
