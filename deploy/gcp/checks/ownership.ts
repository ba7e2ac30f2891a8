import { DeployError } from '../deploy-error.ts'
import { object } from '../json.ts'
import { resourceName, serviceAccountEmail } from '../names.ts'
import { ownFunctions } from '../plan/leftovers.ts'
import { isStored } from '../plan/secrets.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import type { Target } from '../targets.ts'

const OWN_NAMES = 'To deploy beside it: GCP_PREFIX (such as "staging") goes before every name.'

/**
 * Checks that nothing would be replaced that something else has made.
 *
 * @throws DeployError naming it.
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
      `${names} in ${project}, ${region}: not made by this command. ${OWN_NAMES} Take another project or region, or let it be replaced: --adopt`,
    )
  }
  const accounted = targets.filter(
    ({ name }) => accounts.get(serviceAccountEmail(name, settings)) === false,
  )
  if (accounted.length > 0) {
    const names = accounted.map(({ name }) => serviceAccountEmail(name, settings)).join(', ')
    throw new DeployError(
      `${names}: not made by this command. ${OWN_NAMES} Let it be used: --adopt`,
    )
  }
  const values = new Map(targets.flatMap((target) => Object.entries(target.secrets)))
  const stored = [...values].filter(([name, value]) => {
    const secret = secrets.get(name)
    return secret?.isOurs === false && !isStored(secret, value, false)
  })
  if (stored.length > 0) {
    const names = stored.map(([name]) => resourceName(name, settings)).join(', ')
    throw new DeployError(
      `The secrets ${names} in ${project}: not made by this command, and their values differ. ${OWN_NAMES} Let them be changed: --adopt`,
    )
  }
}

/**
 * Checks that the functions of this deployment's names are this app's, by the PUBLIC_URL that they
 * were deployed with. `url` undefined: not known, nothing is checked.
 *
 * @throws DeployError naming both URLs.
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
If these are two apps: GCP_PREFIX (such as "second") goes before every name of one of them.
If the app has moved to the new URL: --adopt`,
  )
}

function isSameUrl(a: string, b: string): boolean {
  return a.trim().replace(/\/$/, '') === b.trim().replace(/\/$/, '')
}
