import {
  ConfigError,
  collectFaults,
  type Environment,
  parseEnvironment,
  variables,
} from '../../shared/config.ts'
import { defaultAudience } from '../../shared/protected-resource.ts'
import {
  CHATGPT_REDIRECT_URIS,
  createRedirectUriPolicy,
  type RedirectUriPolicy,
} from '../../shared/redirect-uris.ts'
import { catalogueScopes, parseCatalogue } from '../../shared/tools.ts'

export type LogWebhookConfig = ReturnType<typeof parseVariables> & {
  readonly scopes: readonly string[]
}

/** @throws ConfigError with every fault at once. */
export function parseLogWebhookConfig(env: Environment): LogWebhookConfig {
  const [values, catalogue] = collectFaults([() => parseVariables(env), () => parseCatalogue(env)])
  return { ...values, scopes: catalogueScopes(catalogue) }
}

function parseVariables(env: Environment) {
  const values = parseEnvironment(
    {
      PUBLIC_URL: variables.PUBLIC_URL.optional(),
      OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
      MGMT_DOMAIN: variables.MGMT_DOMAIN,
      MGMT_CLIENT_ID: variables.MGMT_CLIENT_ID,
      MGMT_CLIENT_SECRET: variables.MGMT_CLIENT_SECRET,
      LOG_WEBHOOK_SECRET: variables.LOG_WEBHOOK_SECRET,
      GOOGLE_CONNECTION_NAME: variables.GOOGLE_CONNECTION_NAME,
      CLIENT_REDIRECT_URIS: variables.CLIENT_REDIRECT_URIS,
      DCR_POLICY: variables.DCR_POLICY,
      LOG_LEVEL: variables.LOG_LEVEL,
    },
    env,
  )
  const mayRedirectTo: RedirectUriPolicy = createRedirectUriPolicy(
    values.CLIENT_REDIRECT_URIS ?? CHATGPT_REDIRECT_URIS,
  )
  return { ...values, mayRedirectTo, audience: audienceOf(values) }
}

function audienceOf(values: {
  readonly OAUTH_AUDIENCE?: string | undefined
  readonly PUBLIC_URL?: string | undefined
}): string {
  if (values.OAUTH_AUDIENCE !== undefined) return values.OAUTH_AUDIENCE
  if (values.PUBLIC_URL !== undefined) return defaultAudience(values.PUBLIC_URL)
  throw new ConfigError(['OAUTH_AUDIENCE is required (or PUBLIC_URL, to which it belongs)'])
}
