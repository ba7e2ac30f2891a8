import { collectFaults, type Environment } from '../../shared/config.ts'
import { FUNCTION_CONFIGS } from '../function-configs.ts'
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
    () => FUNCTION_CONFIGS.metadata.parse(functions.metadata),
    () => FUNCTION_CONFIGS.gateway.parse(functions.gateway),
    () => FUNCTION_CONFIGS['log-webhook'].parse(functions['log-webhook']),
    () => FUNCTION_CONFIGS.registration.parse(functions.registration),
  ])
  return ports
}
