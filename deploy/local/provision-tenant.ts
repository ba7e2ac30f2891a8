import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { ConfigError } from '../../shared/config.ts'
import { LOG_WEBHOOK_PATH } from '../../shared/oauth/protected-resource.ts'
import { applySteps } from '../auth0/apply.ts'
import { parseProvisionConfig } from '../auth0/config.ts'
import { desiredState } from '../auth0/desired-state.ts'
import { planSteps } from '../auth0/plan/plan.ts'
import { readTenant } from '../auth0/read-tenant.ts'
import { StartError } from './start-error.ts'

/**
 * Applies the plan of `npm run provision` to the tenant at `issuer`, regardless of MGMT_DOMAIN. Its log
 * stream delivers to the origin `url`, because PUBLIC_URL may be a tunnel.
 *
 * @throws StartError that lists the changes that failed, were skipped or are blocked.
 */
export async function provisionTenant(...given: Parameters<typeof provision>): Promise<void> {
  const faults = await provision(...given).catch((error: unknown) => {
    if (error instanceof ConfigError) throw error
    return [error instanceof Error ? error.message : String(error)]
  })
  if (faults.length === 0) return
  throw new StartError(`The Auth0 emulator could not be set up:\n  ${faults.join('\n  ')}`)
}

async function provision(
  variables: Readonly<Record<string, string>>,
  url: string,
  issuer: string,
): Promise<string[]> {
  const config = parseProvisionConfig({ ...variables, MGMT_DOMAIN: new URL(issuer).host })
  const { logStream, ...desired } = desiredState(config)
  const endpoint = `${url}${LOG_WEBHOOK_PATH}`
  const wanted = { ...desired, logStream: { ...logStream, endpoint } }
  const management = await createManagement(credentialsIn(config))()
  const steps = planSteps(wanted, await readTenant({ management, desired: wanted }))
  const { failed, skipped } = await applySteps(steps, { management })
  const blocked = steps.map(({ item }) => item).filter(({ action }) => action === 'blocked')
  return [
    ...failed.map(({ item, message }) => `${item.area} ${item.subject}: ${message}`),
    ...[...blocked, ...skipped].map(({ area, subject, why }) => `${area} ${subject}: ${why}`),
  ]
}
