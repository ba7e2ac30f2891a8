import { ADMISSION_VARIABLES, parseAdmissionConfig } from '../../shared/auth0/admission-config.ts'
import { variables } from '../../shared/config/variables.ts'
import { collectFaults, type Environment, namesOf, parseEnvironment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES, catalogueScopes, parseCatalogue } from '../../shared/tools.ts'

const OWN = {
  LOG_WEBHOOK_SECRET: variables.LOG_WEBHOOK_SECRET,
  DCR_POLICY: variables.DCR_POLICY,
  LOG_LEVEL: variables.LOG_LEVEL,
}

/** The variables that this function reads. */
export const LOG_WEBHOOK_VARIABLES = [
  ...ADMISSION_VARIABLES,
  ...namesOf(OWN),
  ...CATALOGUE_VARIABLES,
] as const

/**
 * Returns the checked configuration.
 * @throws ConfigError that lists every fault.
 */
export function parseLogWebhookConfig(env: Environment) {
  const [admission, own, catalogue] = collectFaults([
    () => parseAdmissionConfig(env),
    () => parseEnvironment(OWN, env),
    () => parseCatalogue(env),
  ])
  return { ...admission, ...own, scopes: catalogueScopes(catalogue) }
}
