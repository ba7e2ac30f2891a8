import { setTimeout as sleep } from 'node:timers/promises'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import type { Gcloud } from './gcloud.ts'
import type { Json } from './json.ts'
import type { Settings } from './settings.ts'

const BILLING_TIMEOUT_MS = 10_000
/** What Google says of a project that does not exist, too. */
const NO_PERMISSION = /does not have permission|PERMISSION_DENIED/
/** The API that describes projects is off; the project itself is there. */
const API_OFF =
  /(?:cloudresourcemanager|Cloud Resource Manager API)[\s\S]*(?:has not been used|disabled)|SERVICE_DISABLED/i

/**
 * Checks that gcloud is there and logged in, and that the project is there and pays. Where the
 * Resource Manager API is off, what it would tell is left out; `note` gets a sentence about it.
 *
 * @throws DeployError saying what to do.
 */
export async function checkProject(
  { project }: Settings,
  gcloud: Gcloud,
  billingTimeoutMs = BILLING_TIMEOUT_MS,
  note: (message: string) => void = () => undefined,
): Promise<void> {
  const missing = `There is no project ${project}, or this login may not see it.`
  // Whether it pays may be hidden from this login or network; deploying will tell then.
  const paying = Promise.race([
    gcloud.describe('billing', 'projects', 'describe', project).catch(() => undefined),
    sleep(billingTimeoutMs, undefined, { ref: false }),
  ])
  const found = await gcloud
    .describe('projects', 'describe', project)
    .catch((error: unknown): Json => {
      if (!(error instanceof DeployError) || error instanceof NotInstalledError) throw error
      if (API_OFF.test(error.message)) {
        note(`The Cloud Resource Manager API is off in ${project}; it is enabled with the others.`)
        return {}
      }
      const advice = NO_PERMISSION.test(error.message) ? missing : 'To log in: gcloud auth login'
      throw new DeployError(`${error.message}\n${advice}`)
    })
  if (found === undefined) throw new DeployError(missing)
  if ((found['lifecycleState'] ?? 'ACTIVE') !== 'ACTIVE') {
    throw new DeployError(`The project ${project} is being deleted.`)
  }
  const billing = await paying
  if (billing?.['name'] !== undefined && billing['billingEnabled'] !== true) {
    throw new DeployError(
      `The project ${project} has no billing account: https://console.cloud.google.com/billing/linkedaccount?project=${project}`,
    )
  }
}
