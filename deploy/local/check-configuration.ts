import { collectFaults, type Environment } from '../../shared/config.ts'
import { FUNCTION_CONFIGS } from '../function-configs.ts'
import { localEnvironment, localPorts, type Ports } from './environment.ts'

const PLACEHOLDER_PORTS = { port: 0, tenantPort: 0, toolsPort: 0 }

/**
 * Validates the variables of all functions and returns the ports. Reports every fault once, whereas each
 * function would report its own faults, including those of shared variables.
 *
 * @throws ConfigError that lists every fault.
 */
export function checkConfiguration(env: Environment): Pick<Ports, 'port' | 'tenantPort'> {
  const { functions } = localEnvironment(env, PLACEHOLDER_PORTS)
  const [ports] = collectFaults([
    () => localPorts(env),
    () => FUNCTION_CONFIGS.metadata.parse(functions.metadata),
    () => FUNCTION_CONFIGS.gateway.parse(functions.gateway),
    () => FUNCTION_CONFIGS['log-webhook'].parse(functions['log-webhook']),
    () => FUNCTION_CONFIGS.registration.parse(functions.registration),
  ])
  return ports
}
