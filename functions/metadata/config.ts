import { variables } from '../../shared/config/variables.ts'
import { collectFaults, type Environment, namesOf, parseEnvironment } from '../../shared/config.ts'
import { defaultAudience } from '../../shared/oauth/protected-resource.ts'
import {
  CATALOGUE_VARIABLES,
  type Catalogue,
  type CatalogueDocument,
  parseDocument,
} from '../../shared/tools.ts'

const OWN = {
  PUBLIC_URL: variables.PUBLIC_URL,
  OAUTH_ISSUER: variables.OAUTH_ISSUER,
  OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
  OAUTH_SCOPES: variables.OAUTH_SCOPES,
  JWKS_URI: variables.JWKS_URI,
  AUTH_SERVER_METADATA: variables.AUTH_SERVER_METADATA,
  OPENAI_APPS_CHALLENGE: variables.OPENAI_APPS_CHALLENGE,
  LOG_LEVEL: variables.LOG_LEVEL,
}

/** The variables that this function reads. */
export const METADATA_VARIABLES = [...namesOf(OWN), ...CATALOGUE_VARIABLES] as const

export type MetadataConfig = ReturnType<typeof parseVariables> & {
  readonly audience: string
  readonly jwksUri: string
  readonly catalogue: Catalogue
  /** The `server` section of the catalogue. A deployed catalogue has only its links. */
  readonly server: CatalogueDocument['server']
}

/**
 * Returns the checked configuration.
 * @throws ConfigError that lists every fault.
 */
export function parseMetadataConfig(env: Environment): MetadataConfig {
  const [values, { tools, server }] = collectFaults([
    () => parseVariables(env),
    () => parseDocument(env, (tool) => tool),
  ])
  return {
    ...values,
    audience: values.OAUTH_AUDIENCE ?? defaultAudience(values.PUBLIC_URL),
    jwksUri: values.JWKS_URI ?? new URL('.well-known/jwks.json', values.OAUTH_ISSUER).href,
    catalogue: tools,
    server,
  }
}

function parseVariables(env: Environment) {
  return parseEnvironment(OWN, env)
}
