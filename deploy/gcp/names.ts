/** What marks a resource as made by `npm run deploy`: a label, or a description where there is none. */
export const OWNER_LABEL = { key: 'made-by', value: 'chatgpt-auth0-gateway' } as const
export const OWNER_NOTE = 'Made by npm run deploy of chatgpt-auth0-gateway'

/** The label that tells which source a function was deployed from. */
export const SOURCE_LABEL = 'source-digest'

/** The APIs that a deployment needs. */
export const APIS = [
  'artifactregistry.googleapis.com',
  'cloudbuild.googleapis.com',
  'cloudfunctions.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'firebase.googleapis.com',
  'firebasehosting.googleapis.com',
  'iam.googleapis.com',
  'run.googleapis.com',
  'secretmanager.googleapis.com',
] as const

/** What all names of one deployment have in common. */
export interface Naming {
  readonly project: string
  /** Stands before every name, with its hyphen: `staging-`; absent or empty = none. */
  readonly prefix?: string | undefined
}

const MAX_ACCOUNT_CHARACTERS = 30
const LONGEST_FUNCTION = 'registration'

/** A function's or a secret's name in Google Cloud. */
export function resourceName(name: string, { prefix = '' }: Pick<Naming, 'prefix'>): string {
  return `${prefix}${name}`
}

/**
 * The id of a function's own service account: `<prefix><function>-function`. Where Google's limit of
 * 30 characters leaves no room for the suffix, the prefix alone tells it from others.
 */
export function serviceAccountId(functionName: string, { prefix = '' }: Pick<Naming, 'prefix'>) {
  const suffix = '-function'
  const isLong = `${prefix}${LONGEST_FUNCTION}${suffix}`.length > MAX_ACCOUNT_CHARACTERS
  return `${prefix}${functionName}${isLong ? '' : suffix}`
}

export function serviceAccountEmail(functionName: string, naming: Naming): string {
  return `${serviceAccountId(functionName, naming)}@${naming.project}.iam.gserviceaccount.com`
}

/**
 * The name by which a function is registered for Google Cloud: whether --entry-point takes a hyphen
 * is not documented.
 */
export function entryPoint(functionName: string): string {
  return functionName.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** A secret's id in Secret Manager is the variable's name, after the prefix. */
export function isSecret(variable: string): boolean {
  // The URL holds Redis's password.
  return (
    variable.endsWith('_SECRET') || variable === 'GATEWAY_SIGNING_KEY' || variable === 'REDIS_URL'
  )
}

/** True when a resource with these labels was made by `npm run deploy`. */
export function isOurs(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.[OWNER_LABEL.key] === OWNER_LABEL.value
}
