import {
  collectFaults,
  type Environment,
  parseEnvironment,
  variables,
} from '../../shared/config.ts'
import { defaultAudience } from '../../shared/protected-resource.ts'
import { type Catalogue, parseCatalogue } from '../../shared/tools.ts'

export type MetadataConfig = ReturnType<typeof parseVariables> & {
  readonly audience: string
  readonly catalogue: Catalogue
}

/** @throws ConfigError with every fault at once. */
export function parseMetadataConfig(env: Environment): MetadataConfig {
  const [values, catalogue] = collectFaults([() => parseVariables(env), () => parseCatalogue(env)])
  return {
    ...values,
    audience: values.OAUTH_AUDIENCE ?? defaultAudience(values.PUBLIC_URL),
    catalogue,
  }
}

function parseVariables(env: Environment) {
  const {
    PUBLIC_URL,
    OAUTH_ISSUER,
    OAUTH_AUDIENCE,
    OAUTH_SCOPES,
    AUTH_SERVER_METADATA,
    OPENAI_APPS_CHALLENGE,
    LOG_LEVEL,
  } = variables
  return parseEnvironment(
    {
      PUBLIC_URL,
      OAUTH_ISSUER,
      OAUTH_AUDIENCE,
      OAUTH_SCOPES,
      AUTH_SERVER_METADATA,
      OPENAI_APPS_CHALLENGE,
      LOG_LEVEL,
    },
    env,
  )
}
