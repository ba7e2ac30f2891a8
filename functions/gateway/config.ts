import {
  collectFaults,
  type Environment,
  parseEnvironment,
  variables,
} from '../../shared/config.ts'
import { defaultAudience } from '../../shared/protected-resource.ts'
import { type Catalogue, type CatalogueDocument, parseDocument } from '../../shared/tools.ts'
import { type CallableTool, compileTool } from './callable-tool.ts'

export type GatewayConfig = ReturnType<typeof parseVariables> & {
  readonly catalogue: Catalogue<CallableTool>
  /** What the catalogue says of the server, as written. */
  readonly server: CatalogueDocument['server']
  /** What of the catalogue is ignored, a line each. */
  readonly warnings: readonly string[]
}

/** @throws ConfigError with every fault at once. */
export function parseGatewayConfig(env: Environment): GatewayConfig {
  const [values, { tools, server, warnings }] = collectFaults([
    () => parseVariables(env),
    () => parseDocument(env, compileTool),
  ])
  return { ...values, catalogue: tools, server, warnings }
}

function parseVariables(env: Environment) {
  const values = parseEnvironment(
    {
      PUBLIC_URL: variables.PUBLIC_URL,
      OAUTH_ISSUER: variables.OAUTH_ISSUER,
      OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
      JWKS_URI: variables.JWKS_URI,
      FUNCTIONS_BASE: variables.FUNCTIONS_BASE,
      GATEWAY_HMAC_SECRET: variables.GATEWAY_HMAC_SECRET,
      BACKEND_AUTH: variables.BACKEND_AUTH,
      BACKEND_TIMEOUT_MS: variables.BACKEND_TIMEOUT_MS,
      SCOPE_SOURCE: variables.SCOPE_SOURCE,
      RATE_LIMIT_PER_MINUTE: variables.RATE_LIMIT_PER_MINUTE,
      REDIS_URL: variables.REDIS_URL,
      APP_ORIGIN: variables.APP_ORIGIN,
      AUTH_CHALLENGE: variables.AUTH_CHALLENGE,
      LOG_LEVEL: variables.LOG_LEVEL,
    },
    env,
  )
  return {
    ...values,
    audience: values.OAUTH_AUDIENCE ?? defaultAudience(values.PUBLIC_URL),
    jwksUri: values.JWKS_URI ?? new URL('.well-known/jwks.json', values.OAUTH_ISSUER).href,
  }
}
