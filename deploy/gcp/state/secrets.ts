import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import { object } from '../json.ts'
import { type Naming, resourceName } from '../names.ts'
import { readMembers } from './iam.ts'

/** A secret in Secret Manager. */
export interface StoredSecret {
  readonly isOurs: boolean
  /** The latest enabled version; undefined = none. */
  readonly latest: StoredVersion | undefined
  /** Members that may read it; undefined = not read, because the functions that use it are running. */
  readonly readers: readonly string[] | undefined
}

export interface StoredVersion {
  readonly version: string
  /** Undefined = this login may not read it. */
  readonly value: string | undefined
}

const DENIED = /PERMISSION_DENIED|permission/i

/** Reads the latest version of a secret by its id, with its value if this login may read it. */
export async function readLatest(
  gcloud: Gcloud,
  id: string,
  flags: string,
): Promise<StoredVersion | undefined> {
  const command = ['secrets', 'versions', 'access', 'latest', `--secret=${id}`, flags]
  try {
    const found = await gcloud.describe(...command)
    const version = versionIn(found?.['name'])
    const data = object(found?.['payload'])['data']
    if (version === undefined || typeof data !== 'string') return undefined
    return { version, value: Buffer.from(data, 'base64').toString() }
  } catch (error) {
    // A disabled or destroyed latest version cannot be read; it is replaced by a new one.
    if (!(error instanceof DeployError) || !DENIED.test(error.message)) return undefined
    const [newest] = await listVersions(gcloud, id, flags).catch(() => [])
    return { version: newest?.version ?? 'latest', value: undefined }
  }
}

/** Lists the versions of a secret that are not destroyed, newest first. */
export async function listVersions(
  gcloud: Gcloud,
  id: string,
  flags: string,
): Promise<{ readonly version: string; readonly isEnabled: boolean }[]> {
  const listed = await gcloud.list('secrets', 'versions', 'list', id, flags)
  return listed
    .flatMap(({ name, state }) => {
      const version = versionIn(name)
      if (version === undefined || state === 'DESTROYED') return []
      return [{ version, isEnabled: state === undefined || state === 'ENABLED' }]
    })
    .sort((a, b) => Number(b.version) - Number(a.version))
}

/** Returns the members that may read a secret. */
export function readReaders(gcloud: Gcloud, id: string, flags: string): Promise<readonly string[]> {
  const role = 'roles/secretmanager.secretAccessor'
  return readMembers(gcloud, role, 'secrets', undefined, id, [flags])
}

function versionIn(name: unknown): string | undefined {
  return /\/versions\/(\d+)$/.exec(String(name))?.[1]
}

/** Returns the value of one version of a secret; undefined if it cannot be read. */
export async function readVersion(
  gcloud: Gcloud,
  { project, prefix }: Naming,
  name: string,
  version: number,
): Promise<string | undefined> {
  const id = resourceName(name, { prefix })
  const command = ['secrets', 'versions', 'access', `${version}`]
  const found = await gcloud
    .describe(...command, `--secret=${id}`, `--project=${project}`)
    .catch(() => undefined)
  const data = object(found?.['payload'])['data']
  return typeof data === 'string' ? Buffer.from(data, 'base64').toString() : undefined
}
