import { GATEWAY_VARIABLES, parseGatewayConfig } from '../functions/gateway/config.ts'
import { LOG_WEBHOOK_VARIABLES, parseLogWebhookConfig } from '../functions/log-webhook/config.ts'
import { METADATA_VARIABLES, parseMetadataConfig } from '../functions/metadata/config.ts'
import {
  parseRegistrationConfig,
  REGISTRATION_VARIABLES,
} from '../functions/registration/config.ts'
import type { Environment } from '../shared/config.ts'

/** The configuration of a function, for commands. */
export interface FunctionConfig {
  /** The variables that the function reads; `backendAuth` of a tool may name more for the gateway. */
  readonly variables: readonly string[]
  /**
   * Validates the variables like the function itself.
   *
   * @throws ConfigError that lists every fault.
   */
  readonly parse: (env: Environment) => unknown
}

export type FunctionName = 'metadata' | 'gateway' | 'log-webhook' | 'registration'

/** The configuration of every function, by name. */
export const FUNCTION_CONFIGS: Readonly<Record<FunctionName, FunctionConfig>> = {
  metadata: { variables: METADATA_VARIABLES, parse: parseMetadataConfig },
  gateway: { variables: GATEWAY_VARIABLES, parse: parseGatewayConfig },
  'log-webhook': { variables: LOG_WEBHOOK_VARIABLES, parse: parseLogWebhookConfig },
  registration: { variables: REGISTRATION_VARIABLES, parse: parseRegistrationConfig },
}

/** Returns the configuration of a function of this repository. */
export function functionConfig(name: string): FunctionConfig {
  const configs: Readonly<Record<string, FunctionConfig>> = FUNCTION_CONFIGS
  const config = Object.hasOwn(configs, name) ? configs[name] : undefined
  if (config === undefined) throw new Error(`deploy/function-configs.ts does not have ${name}`)
  return config
}
