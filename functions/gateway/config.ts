import * as z from 'zod/mini'
import { variables } from '../../shared/config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  namesOf,
  parseEnvironment,
} from '../../shared/config.ts'
import { defaultAudience } from '../../shared/oauth/protected-resource.ts'
import {
  CATALOGUE_VARIABLES,
  type Catalogue,
  type CatalogueDocument,
  parseDocument,
} from '../../shared/tools.ts'
import { type BackendSecrets, readBackendSecrets } from './backend-auth/secrets.ts'
import { type CallableTool, compileTool } from './callable-tool.ts'

const OWN = {
  PUBLIC_URL: variables.PUBLIC_URL,
  OAUTH_ISSUER: variables.OAUTH_ISSUER,
  OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
  OAUTH_ORGANIZATION: variables.OAUTH_ORGANIZATION,
  JWKS_URI: variables.JWKS_URI,
  FUNCTIONS_BASE: variables.FUNCTIONS_BASE,
  BACKEND_AUTH: variables.BACKEND_AUTH,
  BACKEND_CLAIMS: variables.BACKEND_CLAIMS,
  // readBackendSecrets requires these if a tool exchanges tokens.
  OBO_CLIENT_ID: z.optional(variables.OBO_CLIENT_ID),
  OBO_CLIENT_SECRET: z.optional(variables.OBO_CLIENT_SECRET),
  BACKEND_TIMEOUT_MS: variables.BACKEND_TIMEOUT_MS,
  SCOPE_SOURCE: variables.SCOPE_SOURCE,
  RATE_LIMIT_PER_MINUTE: variables.RATE_LIMIT_PER_MINUTE,
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: variables.RATE_LIMIT_ANONYMOUS_PER_MINUTE,
  REDIS_URL: variables.REDIS_URL,
  MAX_BODY_BYTES: variables.MAX_BODY_BYTES,
  APP_ORIGIN: variables.APP_ORIGIN,
  AUTH_CHALLENGE: variables.AUTH_CHALLENGE,
  LOG_LEVEL: variables.LOG_LEVEL,
}
const KEYS = {
  GATEWAY_HMAC_SECRET: variables.GATEWAY_HMAC_SECRET,
  GATEWAY_SIGNING_KEY: variables.GATEWAY_SIGNING_KEY,
}

/**
 * The variables that this function reads, except the secrets that `backendAuth` of a tool names.
 */
export const GATEWAY_VARIABLES = [
  ...namesOf(OWN),
  ...namesOf(KEYS),
  ...CATALOGUE_VARIABLES,
] as const

export type GatewayConfig = ReturnType<typeof parseVariables> &
  ReturnType<typeof parseKeys> & {
    readonly catalogue: Catalogue<CallableTool>
    /** The values of the variables that `backendAuth` of the tools names. */
    readonly backendSecrets: BackendSecrets
    /** The `server` section of the catalogue. */
    readonly server: CatalogueDocument['server']
    readonly resources: CatalogueDocument['resources']
    readonly skills: CatalogueDocument['skills']
    /** One line for each part of the catalogue that is ignored. */
    readonly warnings: readonly string[]
  }

/**
 * Returns the checked configuration.
 * @throws ConfigError that lists every fault.
 */
export function parseGatewayConfig(env: Environment): GatewayConfig {
  const [values, keys, { tools, part: _, ...others }] = collectFaults([
    () => parseVariables(env),
    () => parseKeys(env),
    () => {
      const document = parseTools(env)
      return { ...document, backendSecrets: readBackendSecrets(document.tools.values(), env) }
    },
  ])
  const ownAudienceTools = [...tools.values()].filter(
    ({ backendAuth }) =>
      backendAuth?.type === 'on_behalf_of' && backendAuth.audience === values.audience,
  )
  if (ownAudienceTools.length > 0) {
    throw new ConfigError(
      ownAudienceTools.map(({ name }) => `tool ${JSON.stringify(name)}: ${OWN_AUDIENCE_FAULT}`),
    )
  }
  return { ...values, ...keys, ...others, catalogue: tools }
}

/** A backend could send a token with the audience of the gateway back to the gateway. */
const OWN_AUDIENCE_FAULT =
  'backendAuth.audience must be the API of the backend, not OAUTH_AUDIENCE, which is the API of the gateway'

/**
 * Rejects a catalogue of names and scopes only, because without schemas any arguments would pass.
 */
function parseTools(env: Environment) {
  const document = parseDocument(env, compileTool)
  if (document.part === 'whole') return document
  throw new ConfigError([
    'TOOLS_FILE contains only the names and scopes of the tools, as deployed with other functions; the gateway needs the whole catalogue',
  ])
}

function parseVariables(env: Environment) {
  const values = parseEnvironment(OWN, env)
  return {
    ...values,
    audience: values.OAUTH_AUDIENCE ?? defaultAudience(values.PUBLIC_URL),
    jwksUri: values.JWKS_URI ?? new URL('.well-known/jwks.json', values.OAUTH_ISSUER).href,
  }
}

/** Requires one of the two keys. Without a key, a backend could not verify who calls. */
function parseKeys(env: Environment) {
  const { GATEWAY_HMAC_SECRET: secret } = KEYS
  const hasKey = Boolean(env['GATEWAY_SIGNING_KEY']?.trim())
  return parseEnvironment(
    { ...KEYS, GATEWAY_HMAC_SECRET: hasKey ? z.optional(secret) : secret },
    env,
  )
}
