import { secretVariables } from '../../../shared/catalogue/backend-auth.ts'
import { variables } from '../../../shared/config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  parseEnvironment,
} from '../../../shared/config.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'

/** The values of the variables that `backendAuth` of the tools names. */
export interface BackendSecrets {
  /** By name of the variable, as in `secret` and `clientSecret`. */
  readonly named: Readonly<Record<string, string>>
  /** The credentials of the gateway for token exchange; undefined if no tool needs it. */
  readonly exchange: ClientCredentials | undefined
}

/** The credentials of a client at a token endpoint. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

// The value becomes part of a header field or a form.
const PRINTABLE = /^[\x20-\x7e]+$/
const PLACEHOLDER = /^replace-with-/

/**
 * Returns the values of the variables that the tools name, and those of OBO_CLIENT_ID and
 * OBO_CLIENT_SECRET if a tool exchanges tokens.
 *
 * @throws ConfigError that lists every fault, without values.
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
