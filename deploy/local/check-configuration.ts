import { compileCatalogue } from '../../shared/compile-catalogue.ts'
import { ConfigError, collectFaults, type Environment } from '../../shared/config.ts'
import { FUNCTION_CONFIGS } from '../function-configs.ts'
import { catalogueSource, localEnvironment, localPorts, type Ports } from './environment.ts'

/** The checked configuration of the local system. */
export interface LocalConfiguration extends Pick<Ports, 'port' | 'tenantPort'> {
  /** The compiled catalogue, as the text of a `TOOLS_FILE`. */
  readonly catalogue: string
}

const PLACEHOLDER_PORTS = { port: 0, tenantPort: 0, toolsPort: 0 }
const PLACEHOLDER_CATALOGUE = '{"placeholder": {"scopes": []}}'

/**
 * Validates the variables of all functions. Reads the catalogue once, because YAML is slow to read. Reports
 * every fault once, whereas each function would report its own faults, including those of shared variables.
 *
 * @throws ConfigError that lists every fault.
 */
export function checkConfiguration(env: Environment): LocalConfiguration {
  const { text: TOOLS, faults } = readCatalogue(env)
  const { functions } = localEnvironment(
    { ...env, TOOLS, TOOLS_FILE: undefined, TOOL_SCOPES_JSON: undefined },
    PLACEHOLDER_PORTS,
  )
  const [ports] = collectFaults([
    () => localPorts(env),
    () => FUNCTION_CONFIGS.metadata.parse(functions.metadata),
    () => {
      if (faults.length > 0) throw new ConfigError(faults)
    },
    () => FUNCTION_CONFIGS.gateway.parse(functions.gateway),
    () => FUNCTION_CONFIGS['log-webhook'].parse(functions['log-webhook']),
    () => FUNCTION_CONFIGS.registration.parse(functions.registration),
  ])
  return { ...ports, catalogue: TOOLS }
}

/** Returns the compiled catalogue, or its faults with a placeholder to validate the other variables. */
function readCatalogue(env: Environment): {
  readonly text: string
  readonly faults: readonly string[]
} {
  try {
    return { text: compileCatalogue(catalogueSource(env)), faults: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { text: PLACEHOLDER_CATALOGUE, faults: error.faults }
  }
}
