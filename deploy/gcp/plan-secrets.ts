import { OWNER_LABEL, OWNER_NOTE, serviceAccountEmail, serviceAccountId } from './names.ts'
import type { Settings } from './settings.ts'
import type { State, StoredSecret } from './state.ts'
import type { Step } from './step.ts'
import type { Target } from './targets.ts'

const ROLE = 'roles/secretmanager.secretAccessor'

/** The service accounts that are missing. */
export function planAccounts(
  targets: readonly Target[],
  state: State,
  { project }: Settings,
): Step[] {
  return targets
    .filter(({ name }) => !state.accounts.has(serviceAccountEmail(name, project)))
    .map(({ name }) => ({
      phase: 'secrets',
      title: `create the service account of ${name}`,
      command: [
        ...(['gcloud', 'iam', 'service-accounts', 'create', serviceAccountId(name)] as const),
        `--project=${project}`,
        `--display-name=${name} function`,
        `--description=${OWNER_NOTE}`,
      ],
    }))
}

/**
 * The secrets that are missing, the values that have changed, and who may read them: the service
 * accounts of the functions that use a secret may, our other ones may not.
 */
export function planSecrets(targets: readonly Target[], state: State, settings: Settings): Step[] {
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  return [...values].flatMap(([name, value]) => {
    const stored = state.secrets.get(name)
    return [
      ...planValue(name, value, stored, settings),
      ...planReaders(name, targets, stored, settings),
    ]
  })
}

function planValue(
  name: string,
  value: string,
  stored: StoredSecret | undefined,
  { project }: Settings,
): Step[] {
  if (stored?.latest?.value === value) return []
  const create: Step = {
    phase: 'secrets',
    title: `create the secret ${name}`,
    command: [
      ...(['gcloud', 'secrets', 'create', name, `--project=${project}`] as const),
      '--replication-policy=automatic',
      `--labels=${OWNER_LABEL.key}=${OWNER_LABEL.value}`,
    ],
  }
  const add: Step = {
    phase: 'secrets',
    title: `store the ${stored?.latest ? 'changed ' : ''}value of ${name}`,
    command: [
      ...(['gcloud', 'secrets', 'versions', 'add', name, `--project=${project}`] as const),
      '--data-file=-',
      '--format=json',
    ],
    secret: { of: name, value },
    addsVersionOf: name,
  }
  return stored === undefined ? [create, add] : [add]
}

function planReaders(
  secret: string,
  targets: readonly Target[],
  stored: StoredSecret | undefined,
  { project }: Settings,
): Step[] {
  const readers = new Set(stored?.readers)
  return targets.flatMap(({ name, secrets }): Step[] => {
    const member = `serviceAccount:${serviceAccountEmail(name, project)}`
    const isReader = readers.has(member)
    const mayRead = secret in secrets
    if (isReader === mayRead) return []
    const verb = mayRead ? 'add-iam-policy-binding' : 'remove-iam-policy-binding'
    return [
      {
        phase: 'secrets',
        title: `${mayRead ? 'let' : 'no longer let'} ${name} read ${secret}`,
        command: [
          ...(['gcloud', 'secrets', verb, secret, `--project=${project}`] as const),
          `--member=${member}`,
          `--role=${ROLE}`,
        ],
      },
    ]
  })
}
