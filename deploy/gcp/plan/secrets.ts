import {
  OWNER_LABEL,
  OWNER_NOTE,
  resourceName,
  serviceAccountEmail,
  serviceAccountId,
} from '../names.ts'
import { KEEP_STORED } from '../secrets/given.ts'
import type { Settings } from '../settings.ts'
import type { StoredSecret } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import type { DeployStep } from '../step.ts'
import type { Target } from '../targets.ts'

const ROLE = 'roles/secretmanager.secretAccessor'
const LOCATIONS_HINT = `If the locations are refused (gcp.resourceLocations), set GCP_SECRET_LOCATIONS to regions that the organisation allows, such as "europe-west1".`

/** Plans the missing service accounts. */
export function planAccounts(
  targets: readonly Target[],
  state: State,
  settings: Settings,
): DeployStep[] {
  return targets
    .filter(({ name }) => !state.accounts.has(serviceAccountEmail(name, settings)))
    .map(({ name }) => ({
      phase: 'secrets',
      title: `create the service account of ${resourceName(name, settings)}`,
      command: [
        ...(['gcloud', 'iam', 'service-accounts', 'create'] as const),
        ...[serviceAccountId(name, settings), `--project=${settings.project}`],
        `--display-name=${resourceName(name, settings)} function`,
        `--description=${OWNER_NOTE}`,
      ],
    }))
}

/**
 * Plans missing secrets, changed values and read permissions: only the service accounts of functions
 * that use a secret may read it. A value that this login cannot read is not changed, unless `update` is
 * set.
 */
export function planSecrets(
  targets: readonly Target[],
  state: State,
  settings: Settings,
  update = false,
): DeployStep[] {
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  return [...values].flatMap(([name, value]) => {
    const stored = state.secrets.get(name)
    return [
      ...(isStored(stored, value, update) ? [] : planValue(name, value, stored, settings)),
      ...planReaders(name, targets, stored, settings),
    ]
  })
}

/** Returns whether the latest version is used unchanged. */
export function isStored(
  stored: StoredSecret | undefined,
  value: string,
  update: boolean,
): boolean {
  if (stored?.latest === undefined) return false
  if (value === KEEP_STORED || stored.latest.value === value) return true
  return stored.latest.value === undefined && !update
}

function planValue(
  name: string,
  value: string,
  stored: StoredSecret | undefined,
  settings: Settings,
): DeployStep[] {
  const { project, secretLocations = [] } = settings
  const id = resourceName(name, settings)
  const replication =
    secretLocations.length > 0
      ? ['--replication-policy=user-managed', `--locations=${secretLocations.join(',')}`]
      : ['--replication-policy=automatic']
  const create: DeployStep = {
    phase: 'secrets',
    title: `create the secret ${id}`,
    command: [
      ...(['gcloud', 'secrets', 'create', id, `--project=${project}`] as const),
      ...replication,
      `--labels=${OWNER_LABEL.key}=${OWNER_LABEL.value}`,
    ],
    hint: LOCATIONS_HINT,
  }
  const add: DeployStep = {
    phase: 'secrets',
    title: `store the ${stored?.latest ? 'changed ' : ''}value of ${id}`,
    command: [
      ...(['gcloud', 'secrets', 'versions', 'add', id, `--project=${project}`] as const),
      '--data-file=-',
      '--format=json',
    ],
    secret: { of: id, value },
    addsVersionOf: id,
  }
  return stored === undefined ? [create, add] : [add]
}

function planReaders(
  secret: string,
  targets: readonly Target[],
  stored: StoredSecret | undefined,
  settings: Settings,
): DeployStep[] {
  if (stored !== undefined && stored.readers === undefined) return []
  const readers = new Set(stored?.readers)
  return targets.flatMap(({ name, secrets }): DeployStep[] => {
    const member = `serviceAccount:${serviceAccountEmail(name, settings)}`
    const isReader = readers.has(member)
    const mayRead = secret in secrets
    if (isReader === mayRead) return []
    return [reading(mayRead, name, resourceName(secret, settings), settings)]
  })
}

/** Plans the removal of a function's permission to read the secret `id`. */
export function stopReading(name: string, id: string, settings: Settings): DeployStep {
  return reading(false, name, id, settings)
}

function reading(mayRead: boolean, name: string, id: string, settings: Settings): DeployStep {
  const verb = mayRead ? 'add-iam-policy-binding' : 'remove-iam-policy-binding'
  return {
    phase: 'secrets',
    title: `${mayRead ? 'allow' : 'stop allowing'} ${resourceName(name, settings)} to read ${id}`,
    command: [
      ...(['gcloud', 'secrets', verb, id, `--project=${settings.project}`] as const),
      `--member=serviceAccount:${serviceAccountEmail(name, settings)}`,
      `--role=${ROLE}`,
    ],
  }
}
