import { parseGatewayConfig } from '../../functions/gateway/config.ts'
import { parseLogWebhookConfig } from '../../functions/log-webhook/config.ts'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { parseRegistrationConfig } from '../../functions/registration/config.ts'
import { collectFaults, type Environment } from '../../shared/config.ts'
import { localEnvironment, localPorts, type Places } from './environment.ts'

const ANYWHERE = { port: 0, tenantPort: 0, toolsPort: 0 }

/**
 * The ports to listen on, once it is sure that no function will refuse its variables: each would tell
 * of its own alone, and of those that all of them use once more.
 *
 * @throws ConfigError with every fault at once.
 */
export function checkConfiguration(env: Environment): Pick<Places, 'port' | 'tenantPort'> {
  const { functions } = localEnvironment(env, ANYWHERE)
  const [ports] = collectFaults([
    () => localPorts(env),
    () => parseMetadataConfig(functions.metadata),
    () => parseGatewayConfig(functions.gateway),
    () => parseLogWebhookConfig(functions['log-webhook']),
    () => parseRegistrationConfig(functions.registration),
  ])
  return ports
}
