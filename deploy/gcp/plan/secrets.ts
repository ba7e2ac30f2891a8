import {
  OWNER_LABEL,
  OWNER_NOTE,
  resourceName,
  serviceAccountEmail,
  serviceAccountId,
} from '../names.ts'
import { KEPT } from '../secrets/kept.ts'
import type { Settings } from '../settings.ts'
import type { StoredSecret } from '../state/secrets.ts'
import type { State } from '../state/state.ts'
import type { Step } from '../step.ts'
import type { Target } from '../targets.ts'

const ROLE = 'roles/secretmanager.secretAccessor'
const LOCATIONS_HINT = `If the locations are refused (gcp.resourceLocations): set GCP_SECRET_LOCATIONS to the regions that the organisation allows, such as "europe-west1".`

/** The service accounts that are missing. */
export function planAccounts(targets: readonly Target[], state: State, settings: Settings): Step[] {
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
 * The secrets that are missing, the values that have changed, and who may read them: the service
 * accounts of the functions that use a secret may, our other ones may not. A value that this login
 * cannot read stays as it is, unless `update` is set.
 */
export function planSecrets(
  targets: readonly Target[],
  state: State,
  settings: Settings,
  update = false,
): Step[] {
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  return [...values].flatMap(([name, value]) => {
    const stored = state.secrets.get(name)
    return [
      ...(isStored(stored, value, update) ? [] : planValue(name, value, stored, settings)),
      ...planReaders(name, targets, stored, settings),
    ]
  })
}

/** True when the latest version is to be used as it is. */
export function isStored(
  stored: StoredSecret | undefined,
  value: string,
  update: boolean,
): boolean {
  if (stored?.latest === undefined) return false
  if (value === KEPT || stored.latest.value === value) return true
  return stored.latest.value === undefined && !update
}

function planValue(
  name: string,
  value: string,
  stored: StoredSecret | undefined,
  settings: Settings,
): Step[] {
  const { project, secretLocations = [] } = settings
  const id = resourceName(name, settings)
  const replication =
    secretLocations.length > 0
      ? ['--replication-policy=user-managed', `--locations=${secretLocations.join(',')}`]
      : ['--replication-policy=automatic']
  const create: Step = {
    phase: 'secrets',
    title: `create the secret ${id}`,
    command: [
      ...(['gcloud', 'secrets', 'create', id, `--project=${project}`] as const),
      ...replication,
      `--labels=${OWNER_LABEL.key}=${OWNER_LABEL.value}`,
    ],
    hint: LOCATIONS_HINT,
  }
  const add: Step = {
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
): Step[] {
  if (stored !== undefined && stored.readers === undefined) return []
  const readers = new Set(stored?.readers)
  return targets.flatMap(({ name, secrets }): Step[] => {
    const member = `serviceAccount:${serviceAccountEmail(name, settings)}`
    const isReader = readers.has(member)
    const mayRead = secret in secrets
    if (isReader === mayRead) return []
    return [reading(mayRead, name, resourceName(secret, settings), settings)]
  })
}

/** Takes back the right of a function's service account to read a secret, by the secret's id. */
export function stopReading(name: string, id: string, settings: Settings): Step {
  return reading(false, name, id, settings)
}

function reading(mayRead: boolean, name: string, id: string, settings: Settings): Step {
  const verb = mayRead ? 'add-iam-policy-binding' : 'remove-iam-policy-binding'
  return {
    phase: 'secrets',
    title: `${mayRead ? 'let' : 'no longer let'} ${resourceName(name, settings)} read ${id}`,
    command: [
      ...(['gcloud', 'secrets', verb, id, `--project=${settings.project}`] as const),
      `--member=serviceAccount:${serviceAccountEmail(name, settings)}`,
      `--role=${ROLE}`,
    ],
  }
}
