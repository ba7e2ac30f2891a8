import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import type { Step } from '../step.ts'
import { missingRoles } from './roles.ts'

const BUILDERS = ['roles/cloudbuild.builds.builder', 'roles/editor', 'roles/owner']

/**
 * Checks, as far as this login may look, what an organisation forbids in ways that would show only
 * after minutes: builds by an account without roles, and secrets in places that are not allowed.
 * Nothing is asked where no step needs it. `note` gets what may be wrong, but need not be.
 *
 * @throws DeployError naming the role or the setting that is missing.
 */
export async function checkOrganisation(
  steps: readonly Step[],
  { apis }: State,
  settings: Settings,
  gcloud: Gcloud,
  note: (message: string) => void,
): Promise<void> {
  const isAsked = (...words: readonly string[]) =>
    steps.some(({ command }) => words.every((word) => command.includes(word)))
  const builds = isAsked('functions', 'deploy') && apis.has('cloudbuild.googleapis.com')
  const places = isAsked('secrets', 'create') && settings.secretLocations === undefined
  const [bindings] = await Promise.all([
    builds ? readBindings(settings, gcloud) : [],
    places ? checkLocations(settings, gcloud) : undefined,
  ])
  // A policy without any binding is none that could be read.
  if (bindings.length === 0) return
  await checkBuildAccount(bindings, settings, gcloud, note)
  await checkDeployer(bindings, settings, gcloud, note)
}

async function readBindings({ project }: Settings, gcloud: Gcloud): Promise<Json[]> {
  const policy = await gcloud.describe('projects', 'get-iam-policy', project).catch(() => undefined)
  const bindings = policy?.['bindings']
  return Array.isArray(bindings) ? bindings.map(object) : []
}

/** The roles that a member has on the project itself. */
function rolesOf(member: string, bindings: readonly Json[]): string[] {
  return bindings
    .filter(({ members }) => Array.isArray(members) && members.includes(member))
    .map(({ role }) => String(role))
}

async function checkBuildAccount(
  bindings: readonly Json[],
  { project, region, buildAccount }: Settings,
  gcloud: Gcloud,
  note: (message: string) => void,
): Promise<void> {
  const at = [`--project=${project}`, `--region=${region}`]
  const found =
    buildAccount === undefined
      ? await gcloud.describe('builds', 'get-default-service-account', ...at).catch(() => undefined)
      : undefined
  const account = buildAccount ?? String(found?.['serviceAccountEmail'] ?? '').replace(/^.*\//, '')
  if (account === '') return
  const roles = rolesOf(`serviceAccount:${account}`, bindings)
  // What a custom role allows is not known here.
  if (roles.some((role) => BUILDERS.includes(role) || !role.startsWith('roles/'))) return
  const fault = `The service account that builds the functions, ${account}, has no role in ${project} that lets it build.
Give it one: gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:${account} --role=${BUILDERS[0]}`
  if (buildAccount !== undefined)
    return note(`${fault}\nIf it has the role from a folder, ignore this.`)
  throw new DeployError(`${fault}
Or name another account: GCP_BUILD_SERVICE_ACCOUNT (also this one, if it has the role from a folder)`)
}

async function checkDeployer(
  bindings: readonly Json[],
  { project }: Settings,
  gcloud: Gcloud,
  note: (message: string) => void,
): Promise<void> {
  const logins = await gcloud.list('auth', 'list', '--filter=status:ACTIVE').catch(() => [])
  const login = logins[0]?.['account']
  if (typeof login !== 'string') return
  const kind = login.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'
  const roles = rolesOf(`${kind}:${login}`, bindings)
  // Its roles may come from a group, a folder or the organisation.
  if (roles.length === 0) return
  const missing = missingRoles(roles)
  if (missing.length === 0) return
  note(`${login} lacks roles in ${project} that deploying needs, unless it has them from a group or a folder:
${missing.map((role) => `  ${role}`).join('\n')}`)
}

/** @throws DeployError when values may be kept in some regions only, and none is named. */
async function checkLocations({ project }: Settings, gcloud: Gcloud): Promise<void> {
  const policy = await gcloud
    .describe(
      ...['resource-manager', 'org-policies', 'describe', 'gcp.resourceLocations'],
      ...['--effective', `--project=${project}`],
    )
    .catch(() => undefined)
  const { allowedValues, deniedValues, allValues } = object(policy?.['listPolicy'])
  const allowed = Array.isArray(allowedValues) ? allowedValues.map(String) : []
  const isRestricted = allowed.length > 0 || Array.isArray(deniedValues) || allValues === 'DENY'
  if (!isRestricted) return
  const values = allowed.length > 0 ? ` (${allowed.join(', ')})` : ''
  throw new DeployError(
    `The organisation allows certain locations only${values}: gcp.resourceLocations. Secrets need them by name.
Set GCP_SECRET_LOCATIONS to the regions where values may be kept, such as "europe-west1,europe-west4".`,
  )
}
