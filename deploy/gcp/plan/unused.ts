import type { Gcloud } from '../gcloud.ts'
import { isOurs, OWNER_NOTE, serviceAccountEmail } from '../names.ts'
import type { Settings } from '../settings.ts'
import { readReaders } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import { ALREADY_DELETED, type DeployStep } from '../step.ts'
import type { Leftover } from './leftovers.ts'
import { stopReading } from './secrets.ts'
import { remainingUsers } from './users.ts'

/** A service account that no function uses. */
export interface UnusedAccount {
  /** The function that it was created for, by its name in this repository. */
  readonly name: string
  /** Ids of the secrets that it may read. */
  readonly secrets: readonly string[]
}

// A secret's id without the prefix is the name of a variable.
const VARIABLE = /^[A-Z][A-Z0-9_]*$/

/**
 * Reads the service accounts of the functions `names` that nothing uses in any region after the
 * functions in `removed` are deleted.
 *
 * @throws DeployError
 */
export async function readUnusedAccounts(
  names: readonly string[],
  removed: readonly Leftover[],
  state: Pick<State, 'all' | 'apis'>,
  settings: Settings,
  gcloud: Gcloud,
): Promise<UnusedAccount[]> {
  const users = remainingUsers(removed, state)
  const unusedNames = names.filter(
    (name) => !users.accounts.has(serviceAccountEmail(name, settings)),
  )
  if (unusedNames.length === 0 || !state.apis.has('iam.googleapis.com')) return []
  const flags = `--project=${settings.project}`
  const accounts = await gcloud.list('iam', 'service-accounts', 'list', flags)
  const own = new Set(
    accounts.flatMap(({ email, description }) =>
      description === OWNER_NOTE ? [String(email)] : [],
    ),
  )
  const unused = unusedNames.filter((name) => own.has(serviceAccountEmail(name, settings)))
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
  const flags = `--project=${project}`
  const secrets = await gcloud.list('secrets', 'list', flags)
  const ids = secrets.flatMap(({ name, labels }) => {
    const id = String(name).replace(/^.*\//, '')
    const isOwn = id.startsWith(prefix) && VARIABLE.test(id.slice(prefix.length))
    return isOwn && isOurs(labels as Record<string, string> | undefined) ? [id] : []
  })
  return Promise.all(ids.map(async (id) => ({ id, members: await readReaders(gcloud, id, flags) })))
}

/** Plans the removal of service accounts. Their permissions go first, because policies keep deleted members. */
export function planUnusedAccounts(
  unused: readonly UnusedAccount[],
  settings: Settings,
): DeployStep[] {
  return unused.flatMap(({ name, secrets }) => [
    ...secrets.map((id) => stopReading(name, id, settings)),
    deleteAccount(serviceAccountEmail(name, settings), settings),
  ])
}

/** Plans the deletion of a service account by its e-mail address. */
export function deleteAccount(email: string, { project }: Settings): DeployStep {
  return {
    phase: 'secrets',
    title: `delete the service account ${email}`,
    command: [
      ...(['gcloud', 'iam', 'service-accounts', 'delete', email] as const),
      ...[`--project=${project}`, '--quiet'],
    ],
    doneWhen: ALREADY_DELETED,
  }
}
