import { DeployError } from '../deploy-error.ts'
import type { Gcloud } from '../gcloud.ts'
import { type Json, object } from '../json.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import type { DeployStep } from '../step.ts'
import { missingRoles } from './roles.ts'

const BUILDERS = ['roles/cloudbuild.builds.builder', 'roles/editor', 'roles/owner']

/**
 * Checks for organisation policies that would otherwise fail the deployment after several minutes: a
 * build account without roles, and secrets in locations that are not allowed. Reads only what the steps
 * require and this login may see. Calls `warn` for possible problems.
 *
 * @throws DeployError that names the missing role or setting.
 */
export async function checkOrganisation(
  steps: readonly DeployStep[],
  { apis }: State,
  settings: Settings,
  gcloud: Gcloud,
  warn: (message: string) => void,
): Promise<void> {
  const includesStep = (...words: readonly string[]) =>
    steps.some(({ command }) => words.every((word) => command.includes(word)))
  const buildsFunctions =
    includesStep('functions', 'deploy') && apis.has('cloudbuild.googleapis.com')
  const createsSecrets = includesStep('secrets', 'create') && settings.secretLocations === undefined
  const [bindings] = await Promise.all([
    buildsFunctions ? readBindings(settings, gcloud) : [],
    createsSecrets ? checkLocations(settings, gcloud) : undefined,
  ])
  // A policy without bindings means that it could not be read.
  if (bindings.length === 0) return
  await checkBuildAccount(bindings, settings, gcloud, warn)
  await checkDeployer(bindings, settings, gcloud, warn)
}

async function readBindings({ project }: Settings, gcloud: Gcloud): Promise<Json[]> {
  const policy = await gcloud.describe('projects', 'get-iam-policy', project).catch(() => undefined)
  const bindings = policy?.['bindings']
  return Array.isArray(bindings) ? bindings.map(object) : []
}

/** The member's roles on the project, without inherited ones. */
function rolesOf(member: string, bindings: readonly Json[]): string[] {
  return bindings
    .filter(({ members }) => Array.isArray(members) && members.includes(member))
    .map(({ role }) => String(role))
}

async function checkBuildAccount(
  bindings: readonly Json[],
  { project, region, buildAccount }: Settings,
  gcloud: Gcloud,
  warn: (message: string) => void,
): Promise<void> {
  const flags = [`--project=${project}`, `--region=${region}`]
  const found =
    buildAccount === undefined
      ? await gcloud
          .describe('builds', 'get-default-service-account', ...flags)
          .catch(() => undefined)
      : undefined
  const account = buildAccount ?? String(found?.['serviceAccountEmail'] ?? '').replace(/^.*\//, '')
  if (account === '') return
  const roles = rolesOf(`serviceAccount:${account}`, bindings)
  // A custom role may include the permissions.
  if (roles.some((role) => BUILDERS.includes(role) || !role.startsWith('roles/'))) return
  const fault = `The service account that builds the functions, ${account}, has no role in ${project} that allows it to build.
Grant one: gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:${account} --role=${BUILDERS[0]}`
  if (buildAccount !== undefined)
    return warn(`${fault}\nIf it has the role from a folder, ignore this.`)
  throw new DeployError(`${fault}
Or set GCP_BUILD_SERVICE_ACCOUNT to another account (or to this one, if it has the role from a folder)`)
}

async function checkDeployer(
  bindings: readonly Json[],
  { project }: Settings,
  gcloud: Gcloud,
  warn: (message: string) => void,
): Promise<void> {
  const logins = await gcloud.list('auth', 'list', '--filter=status:ACTIVE').catch(() => [])
  const login = logins[0]?.['account']
  if (typeof login !== 'string') return
  const kind = login.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'
  const roles = rolesOf(`${kind}:${login}`, bindings)
  // The roles may be inherited from a group, a folder or the organisation.
  if (roles.length === 0) return
  const missing = missingRoles(roles)
  if (missing.length === 0) return
  warn(`${login} lacks roles in ${project} that are required to deploy, unless it inherits them from a group or a folder:
${missing.map((role) => `  ${role}`).join('\n')}`)
}

/** @throws DeployError if the policy restricts locations and GCP_SECRET_LOCATIONS is not set. */
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
    `The organisation policy gcp.resourceLocations restricts locations${values}, so secrets need explicit locations.
Set GCP_SECRET_LOCATIONS to allowed regions, such as "europe-west1,europe-west4".`,
  )
}
