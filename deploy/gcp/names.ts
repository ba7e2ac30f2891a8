/** Marks a resource as created by `npm run deploy`: a label, or a description if labels are not supported. */
export const OWNER_LABEL = { key: 'made-by', value: 'chatgpt-auth0-gateway' } as const
export const OWNER_NOTE = 'Made by npm run deploy of chatgpt-auth0-gateway'

/** The label with the digest of a function's source. */
export const SOURCE_LABEL = 'source-digest'

/** The APIs that a deployment requires. */
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

/** The project and prefix of one deployment's names. */
export interface Naming {
  readonly project: string
  /** Prefix of every name, including its hyphen: `staging-`; absent or empty = none. */
  readonly prefix?: string | undefined
}

const MAX_ACCOUNT_CHARACTERS = 30
const LONGEST_FUNCTION = 'registration'

/** Returns the name of a function or secret in Google Cloud. */
export function resourceName(name: string, { prefix = '' }: Pick<Naming, 'prefix'>): string {
  return `${prefix}${name}`
}

/**
 * Returns the id of a function's service account: `<prefix><function>-function`, or
 * `<prefix><function>` if the suffix would exceed Google's limit of 30 characters.
 */
export function serviceAccountId(functionName: string, { prefix = '' }: Pick<Naming, 'prefix'>) {
  const suffix = '-function'
  const isLong = `${prefix}${LONGEST_FUNCTION}${suffix}`.length > MAX_ACCOUNT_CHARACTERS
  return `${prefix}${functionName}${isLong ? '' : suffix}`
}

/** Returns the e-mail address of a function's service account. */
export function serviceAccountEmail(functionName: string, naming: Naming): string {
  return `${serviceAccountId(functionName, naming)}@${naming.project}.iam.gserviceaccount.com`
}

/**
 * Returns the function's entry point in Google Cloud, in camel case: hyphens in --entry-point are not
 * documented.
 */
export function entryPoint(functionName: string): string {
  return functionName.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Returns whether a variable is stored in Secret Manager. */
export function isSecret(variable: string): boolean {
  // REDIS_URL contains the password.
  return (
    variable.endsWith('_SECRET') || variable === 'GATEWAY_SIGNING_KEY' || variable === 'REDIS_URL'
  )
}

/** Returns whether `npm run deploy` created the resource with these labels. */
export function isOurs(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.[OWNER_LABEL.key] === OWNER_LABEL.value
}
