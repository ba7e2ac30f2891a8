import { parseAdmissionConfig } from '../../shared/auth0/admission-config.ts'
import { variables } from '../../shared/config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  parseEnvironment,
} from '../../shared/config.ts'
import { parseCatalogue } from '../../shared/tools.ts'

/** What the commands that manage the tenant need, checked. */
export type ProvisionConfig = ReturnType<typeof parseProvisionConfig>

/** @throws ConfigError with every fault at once. */
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

/** The functions do without where they know the audience; the log stream's address is made of it. */
function requirePublicUrl(env: Environment): void {
  if (!env['PUBLIC_URL']?.trim()) throw new ConfigError(['PUBLIC_URL is required'])
}
