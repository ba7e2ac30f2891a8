import { ADMISSION_VARIABLES, parseAdmissionConfig } from '../../shared/auth0/admission-config.ts'
import { variables } from '../../shared/config/variables.ts'
import { collectFaults, type Environment, namesOf, parseEnvironment } from '../../shared/config.ts'
import { CATALOGUE_VARIABLES, catalogueScopes, parseCatalogue } from '../../shared/tools.ts'

const OWN = {
  OAUTH_ISSUER: variables.OAUTH_ISSUER,
  AUTH_SERVER_METADATA: variables.AUTH_SERVER_METADATA,
  LOG_LEVEL: variables.LOG_LEVEL,
}

/** The variables that this function reads. */
export const REGISTRATION_VARIABLES = [
  ...ADMISSION_VARIABLES,
  ...namesOf(OWN),
  ...CATALOGUE_VARIABLES,
] as const

/**
 * Returns the checked configuration.
 * @throws ConfigError that lists every fault.
 */
export function parseRegistrationConfig(env: Environment) {
  const [admission, own, catalogue] = collectFaults([
    () => parseAdmissionConfig(env),
    () => parseEnvironment(OWN, env),
    () => parseCatalogue(env),
  ])
  return { ...admission, ...own, scopes: catalogueScopes(catalogue) }
}
