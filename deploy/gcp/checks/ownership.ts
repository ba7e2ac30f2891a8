import { DeployError } from '../deploy-error.ts'
import { object } from '../json.ts'
import { resourceName, serviceAccountEmail } from '../names.ts'
import { ownFunctions } from '../plan/leftovers.ts'
import { isStored } from '../plan/secrets.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import type { Target } from '../targets.ts'

const OWN_NAMES =
  'To deploy next to it, set GCP_PREFIX (such as "staging"), which is added to every name.'

/**
 * Checks that the deployment replaces no resource that this command did not create.
 *
 * @throws DeployError that names the resource.
 */
export function checkOwnership(
  targets: readonly Target[],
  { functions, accounts, secrets }: State,
  settings: Settings,
): void {
  const { project, region } = settings
  const foreign = targets.filter(({ name }) => functions.get(name)?.isOurs === false)
  if (foreign.length > 0) {
    const names = foreign.map(({ name }) => resourceName(name, settings)).join(', ')
    throw new DeployError(
      `${names} in ${project}, ${region}: not created by this command. ${OWN_NAMES} Or use another project or region. To replace it: --adopt`,
    )
  }
  const foreignAccounts = targets.filter(
    ({ name }) => accounts.get(serviceAccountEmail(name, settings)) === false,
  )
  if (foreignAccounts.length > 0) {
    const names = foreignAccounts.map(({ name }) => serviceAccountEmail(name, settings)).join(', ')
    throw new DeployError(`${names}: not created by this command. ${OWN_NAMES} To use it: --adopt`)
  }
  const values = new Map(targets.flatMap((target) => Object.entries(target.secrets)))
  const stored = [...values].filter(([name, value]) => {
    const secret = secrets.get(name)
    return secret?.isOurs === false && !isStored(secret, value, false)
  })
  if (stored.length > 0) {
    const names = stored.map(([name]) => resourceName(name, settings)).join(', ')
    throw new DeployError(
      `The secrets ${names} in ${project}: not created by this command, and their values differ. ${OWN_NAMES} To change them: --adopt`,
    )
  }
}

/**
 * Checks that functions with this deployment's names belong to this app: they must have the same
 * PUBLIC_URL. Checks nothing if `url` is undefined.
 *
 * @throws DeployError that names both URLs.
 */
export function checkApp(
  url: string | undefined,
  known: readonly string[],
  state: State,
  settings: Settings,
): void {
  if (!url) return
  const other = ownFunctions(state, known, settings).find(({ service }) => {
    const deployed = object(service['environmentVariables'])['PUBLIC_URL']
    return typeof deployed === 'string' && !isSameUrl(deployed, url)
  })
  if (other === undefined) return
  const deployed = object(other.service['environmentVariables'])['PUBLIC_URL']
  throw new DeployError(
    `${other.id} in ${settings.project}, ${other.region} has PUBLIC_URL ${deployed}; this configuration has ${url}.
If these are two apps, set GCP_PREFIX (such as "second") for one of them.
If the app has moved to the new URL: --adopt`,
  )
}

function isSameUrl(a: string, b: string): boolean {
  return a.trim().replace(/\/$/, '') === b.trim().replace(/\/$/, '')
}
