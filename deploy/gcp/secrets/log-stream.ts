import { createManagement, credentialsIn } from '../../../shared/auth0/management.ts'
import { variables } from '../../../shared/config/variables.ts'
import { type Environment, parseEnvironment } from '../../../shared/config.ts'
import { LOG_WEBHOOK_PATH } from '../../../shared/oauth/protected-resource.ts'
import { listWebhookStreams } from '../../auth0/tenant-lookups.ts'
import { DeployError } from '../deploy-error.ts'

/**
 * Sets the Authorization header of the log stream to log-webhook. Keeps its other settings.
 *
 * @throws DeployError if the tenant has no such stream, ConfigError if the Management API's variables
 *   are missing, and errors of the Management API.
 */
export async function authorizeLogStream(env: Environment, authorization: string): Promise<void> {
  const { PUBLIC_URL, MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET } = variables
  const config = parseEnvironment(
    { PUBLIC_URL, MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET },
    env,
  )
  const endpoint = `${config.PUBLIC_URL}${LOG_WEBHOOK_PATH}`
  const management = await createManagement(credentialsIn(config))()
  const streams = await listWebhookStreams(management)
  const own = streams.filter(({ sink }) => sink?.httpEndpoint === endpoint)
  if (own.length === 0) {
    throw new DeployError(
      `The tenant has no log stream to ${endpoint}. Create it with npm run provision -- --apply, then run this again.`,
    )
  }
  for (const { id = '', sink } of own) {
    await management.logStreams.update(id, {
      sink: { ...sink, httpEndpoint: endpoint, httpAuthorization: authorization },
    })
  }
}
