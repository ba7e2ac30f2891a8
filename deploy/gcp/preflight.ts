import { setTimeout as sleep } from 'node:timers/promises'
import { DeployError } from './deploy-error.ts'
import { type Gcloud, NOT_INSTALLED } from './gcloud.ts'
import { serviceAccountEmail } from './names.ts'
import type { BuiltTarget } from './plan-functions.ts'
import type { Settings } from './settings.ts'
import type { State } from './state.ts'

const BILLING_TIMEOUT_MS = 10_000
/** What Google says of a project that does not exist, too. */
const NO_PERMISSION = /does not have permission|PERMISSION_DENIED/

/**
 * Checks that gcloud is there and logged in, and that the project is there and pays.
 *
 * @throws DeployError saying what to do.
 */
export async function checkProject(
  { project }: Settings,
  gcloud: Gcloud,
  billingTimeoutMs = BILLING_TIMEOUT_MS,
): Promise<void> {
  const missing = `There is no project ${project}, or this login may not see it.`
  const found = await gcloud.describe('projects', 'describe', project).catch((error: unknown) => {
    if (!(error instanceof DeployError) || error.message === NOT_INSTALLED) throw error
    const advice = NO_PERMISSION.test(error.message) ? missing : 'To log in: gcloud auth login'
    throw new DeployError(`${error.message}\n${advice}`)
  })
  if (found === undefined) throw new DeployError(missing)
  if ((found['lifecycleState'] ?? 'ACTIVE') !== 'ACTIVE') {
    throw new DeployError(`The project ${project} is being deleted.`)
  }
  // Whether it pays may be hidden from this login or network; deploying will tell then.
  const billing = await Promise.race([
    gcloud.describe('billing', 'projects', 'describe', project).catch(() => undefined),
    sleep(billingTimeoutMs, undefined, { ref: false }),
  ])
  if (billing?.['name'] !== undefined && billing['billingEnabled'] !== true) {
    throw new DeployError(
      `The project ${project} has no billing account: https://console.cloud.google.com/billing/linkedaccount?project=${project}`,
    )
  }
}

/**
 * Checks that no function would be replaced that something else has made.
 *
 * @throws DeployError naming them.
 */
export function checkOwnership(
  targets: readonly BuiltTarget[],
  { functions, accounts }: State,
  { project, region }: Settings,
): void {
  const foreign = targets.filter(({ name }) => functions.get(name)?.isOurs === false)
  if (foreign.length > 0) {
    const names = foreign.map(({ name }) => name).join(', ')
    throw new DeployError(
      `${names} in ${project}, ${region}: not made by this command. Take another project or region, or let it be replaced: --adopt`,
    )
  }
  const accounted = targets.filter(
    ({ name }) => accounts.get(serviceAccountEmail(name, project)) === false,
  )
  if (accounted.length > 0) {
    const names = accounted.map(({ name }) => serviceAccountEmail(name, project)).join(', ')
    throw new DeployError(`${names}: not made by this command. Let it be used: --adopt`)
  }
}
