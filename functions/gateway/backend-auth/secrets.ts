import { secretVariables } from '../../../shared/catalogue/backend-auth.ts'
import { variables } from '../../../shared/config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  parseEnvironment,
} from '../../../shared/config.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'

/** The values behind the names in `backendAuth`. */
export interface BackendSecrets {
  /** By name of the variable, as `secret` and `clientSecret` have them. */
  readonly named: Readonly<Record<string, string>>
  /** The gateway as client of the exchange; undefined when no tool needs one. */
  readonly exchange: ClientCredentials | undefined
}

/** A client of a token endpoint. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

// It goes into a header field, or into one of a form.
const PRINTABLE = /^[\x20-\x7e]+$/
const PLACEHOLDER = /^replace-with-/

/**
 * Reads what the tools name, and OBO_CLIENT_ID and OBO_CLIENT_SECRET where a tool exchanges tokens.
 *
 * @throws ConfigError with every fault at once; no value is in it.
 */
export function readBackendSecrets(
  tools: Iterable<ToolDefinition>,
  env: Environment,
): BackendSecrets {
  const all = [...tools]
  const [named, exchange] = collectFaults([() => readNamed(all, env), () => readClient(all, env)])
  return { named, exchange }
}

function readNamed(tools: readonly ToolDefinition[], env: Environment): Record<string, string> {
  const faults: string[] = []
  const values = secretVariables(tools).map((name) => {
    const value = env[name]?.trim() ?? ''
    if (value === '') {
      const users = tools.filter((tool) => secretVariables([tool]).includes(name))
      const named = users.map((tool) => tool.name).slice(0, 5)
      faults.push(`${name} is required: backendAuth of ${named.join(', ')} names it`)
    } else if (PLACEHOLDER.test(value)) faults.push(`${name} is still a placeholder`)
    else if (!PRINTABLE.test(value)) faults.push(`${name} must be printable ASCII on one line`)
    return [name, value] as const
  })
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.fromEntries(values)
}

function readClient(
  tools: readonly ToolDefinition[],
  env: Environment,
): ClientCredentials | undefined {
  if (!tools.some(({ backendAuth }) => backendAuth?.type === 'on_behalf_of')) return undefined
  const { OBO_CLIENT_ID, OBO_CLIENT_SECRET } = variables
  const values = parseEnvironment({ OBO_CLIENT_ID, OBO_CLIENT_SECRET }, env)
  return { clientId: values.OBO_CLIENT_ID, clientSecret: values.OBO_CLIENT_SECRET }
}
