import type { Gcloud } from '../gcloud.ts'
import { isOurs, OWNER_NOTE, serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import { readReaders } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import { GONE, type Step } from '../step.ts'
import type { Leftover } from './leftovers.ts'
import { stopReading } from './secrets.ts'
import { remainingUsers } from './users.ts'

/** A service account that no function uses any more. */
export interface UnusedAccount {
  /** The function that it was made for, by its name in this repository. */
  readonly name: string
  /** Ids of the secrets that it may read. */
  readonly secrets: readonly string[]
}

// What a secret's id is after the prefix: the name of a variable.
const VARIABLE = /^[A-Z][A-Z0-9_]*$/

/**
 * The service accounts that deployments have made for the functions `names`, where nothing uses them once
 * the functions `going` are gone, in any region.
 *
 * @throws DeployError
 */
export async function readUnused(
  names: readonly string[],
  going: readonly Leftover[],
  state: Pick<State, 'all' | 'apis'>,
  settings: Settings,
  gcloud: Gcloud,
): Promise<UnusedAccount[]> {
  const users = remainingUsers(going, state)
  const free = names.filter((name) => !users.accounts.has(serviceAccountEmail(name, settings)))
  if (free.length === 0 || !state.apis.has('iam.googleapis.com')) return []
  const at = `--project=${settings.project}`
  const accounts = await gcloud.list('iam', 'service-accounts', 'list', at)
  const own = new Set(
    accounts.flatMap(({ email, description }) =>
      description === OWNER_NOTE ? [String(email)] : [],
    ),
  )
  const unused = free.filter((name) => own.has(serviceAccountEmail(name, settings)))
  if (unused.length === 0) return []
  const readers = state.apis.has('secretmanager.googleapis.com')
    ? await readAllReaders(settings, gcloud)
    : []
  return unused.map((name) => {
    const member = `serviceAccount:${serviceAccountEmail(name, settings)}`
    const secrets = readers.flatMap(({ id, members }) => (members.includes(member) ? [id] : []))
    return { name, secrets }
  })
}

async function readAllReaders({ project, prefix = '' }: Settings, gcloud: Gcloud) {
  const at = `--project=${project}`
  const secrets = await gcloud.list('secrets', 'list', at)
  const ids = secrets.flatMap(({ name, labels }) => {
    const id = String(name).replace(/^.*\//, '')
    const isOwn = id.startsWith(prefix) && VARIABLE.test(id.slice(prefix.length))
    return isOwn && isOurs(labels as Record<string, string> | undefined) ? [id] : []
  })
  return Promise.all(ids.map(async (id) => ({ id, members: await readReaders(gcloud, id, at) })))
}

/** Takes back what they may read, then removes them: a policy would go on naming one that is gone. */
export function planUnused(unused: readonly UnusedAccount[], settings: Settings): Step[] {
  return unused.flatMap(({ name, secrets }) => [
    ...secrets.map((id) => stopReading(name, id, settings)),
    deleteAccount(serviceAccountEmail(name, settings), settings),
  ])
}

/** Deletes a service account by its e-mail. */
export function deleteAccount(email: string, { project }: Settings): Step {
  return {
    phase: 'secrets',
    title: `delete the service account ${email}`,
    command: [
      ...(['gcloud', 'iam', 'service-accounts', 'delete', email] as const),
      ...[`--project=${project}`, '--quiet'],
    ],
    doneWhen: GONE,
  }
}
