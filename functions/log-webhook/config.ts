import { parseAdmissionConfig } from '../../shared/auth0/admission-config.ts'
import { collectFaults, type Environment, parseEnvironment } from '../../shared/config.ts'
import { variables } from '../../shared/config/variables.ts'
import { catalogueScopes, parseCatalogue } from '../../shared/tools.ts'

/** @throws ConfigError with every fault at once. */
export function parseLogWebhookConfig(env: Environment) {
  const { LOG_WEBHOOK_SECRET, DCR_POLICY, LOG_LEVEL } = variables
  const [admission, own, catalogue] = collectFaults([
    () => parseAdmissionConfig(env),
    () => parseEnvironment({ LOG_WEBHOOK_SECRET, DCR_POLICY, LOG_LEVEL }, env),
    () => parseCatalogue(env),
  ])
  return { ...admission, ...own, scopes: catalogueScopes(catalogue) }
}
