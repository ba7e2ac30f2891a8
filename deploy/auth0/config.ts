import { parseAdmissionConfig } from '../../shared/auth0/admission-config.ts'
import { variables } from '../../shared/config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  parseEnvironment,
} from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'

/** The validated configuration of the commands that manage the tenant. */
export type ProvisionConfig = ReturnType<typeof parseProvisionConfig>

/** @throws ConfigError that lists every fault. */
export function parseProvisionConfig(env: Environment) {
  const { LOG_WEBHOOK_SECRET, DCR_POLICY, AUTH_SERVER_METADATA } = variables
  const [admission, own, catalogue] = collectFaults([
    () => parseAdmissionConfig(env),
    () => parseEnvironment({ LOG_WEBHOOK_SECRET, DCR_POLICY, AUTH_SERVER_METADATA }, env),
    () => parseCatalogue(env),
    () => requirePublicUrl(env),
  ])
  return { ...admission, ...own, PUBLIC_URL: admission.PUBLIC_URL ?? '', catalogue }
}

/** The functions can derive the audience without it; the log stream's URL is built from it. */
function requirePublicUrl(env: Environment): void {
  if (!env['PUBLIC_URL']?.trim()) throw new ConfigError(['PUBLIC_URL is required'])
}
