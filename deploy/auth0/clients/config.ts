import * as z from 'zod/mini'
import { admissionRules } from '../../../shared/auth0/admission-config.ts'
import { credentialsIn } from '../../../shared/auth0/management.ts'
import { variables } from '../../../shared/config/variables.ts'
import { type Environment, parseEnvironment } from '../../../shared/config.ts'

/** @throws ConfigError that lists every fault. */
export function parseClientsConfig(env: Environment) {
  const values = parseEnvironment(
    {
      PUBLIC_URL: z.optional(variables.PUBLIC_URL),
      OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
      MGMT_DOMAIN: variables.MGMT_DOMAIN,
      MGMT_CLIENT_ID: variables.MGMT_CLIENT_ID,
      MGMT_CLIENT_SECRET: variables.MGMT_CLIENT_SECRET,
      CLIENT_REDIRECT_URIS: variables.CLIENT_REDIRECT_URIS,
    },
    env,
  )
  return { ...admissionRules(values), credentials: credentialsIn(values) }
}
