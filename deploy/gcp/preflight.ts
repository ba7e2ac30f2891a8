import { setTimeout as sleep } from 'node:timers/promises'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import type { Gcloud } from './gcloud.ts'
import type { Json } from './json.ts'
import type { Settings } from './settings.ts'

const BILLING_TIMEOUT_MS = 10_000
/** Google returns this for a project that does not exist, too. */
const NO_PERMISSION = /does not have permission|PERMISSION_DENIED/
/** The Resource Manager API is disabled; the project itself exists. */
const API_OFF =
  /(?:cloudresourcemanager|Cloud Resource Manager API)[\s\S]*(?:has not been used|disabled)|SERVICE_DISABLED/i

/**
 * Checks that gcloud is installed and logged in, and that the project exists and has billing enabled.
 * If the Resource Manager API is disabled, checks less and calls `warn`.
 *
 * @throws DeployError that states what to do.
 */
export async function checkProject(
  { project }: Settings,
  gcloud: Gcloud,
  billingTimeoutMs = BILLING_TIMEOUT_MS,
  warn: (message: string) => void = () => undefined,
): Promise<void> {
  const missing = `The project ${project} does not exist, or this login has no access to it.`
  // This login or network may not have access to billing; then the deployment itself shows the fault.
  const billingReading = Promise.race([
    gcloud.describe('billing', 'projects', 'describe', project).catch(() => undefined),
    sleep(billingTimeoutMs, undefined, { ref: false }),
  ])
  const found = await gcloud
    .describe('projects', 'describe', project)
    .catch((error: unknown): Json => {
      if (!(error instanceof DeployError) || error instanceof NotInstalledError) throw error
      if (API_OFF.test(error.message)) {
        warn(`The Cloud Resource Manager API is disabled in ${project}; the deployment enables it.`)
        return {}
      }
      const advice = NO_PERMISSION.test(error.message) ? missing : 'Log in: gcloud auth login'
      throw new DeployError(`${error.message}\n${advice}`)
    })
  if (found === undefined) throw new DeployError(missing)
  if ((found['lifecycleState'] ?? 'ACTIVE') !== 'ACTIVE') {
    throw new DeployError(`The project ${project} is being deleted.`)
  }
  const billing = await billingReading
  if (billing?.['name'] !== undefined && billing['billingEnabled'] !== true) {
    throw new DeployError(
      `The project ${project} has no billing account: https://console.cloud.google.com/billing/linkedaccount?project=${project}`,
    )
  }
}
