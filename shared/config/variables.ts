import * as z from 'zod/mini'
import { isReservedClaim } from '../oauth/passed-claims.ts'
import { SCOPE_TOKEN } from '../oauth/scope.ts'
import { secret, secrets, signingKeys } from './secret-values.ts'
import { list, notPlaceholder, splitNames, text, token, wholeNumber } from './text-values.ts'
import {
  baseUrl,
  browserOrigins,
  hostname,
  httpsUrl,
  issuer,
  origin,
  redisUrl,
} from './url-values.ts'

/** The names of token claims that backends get. Names of namespaced claims are URLs. */
const backendClaims = z.pipe(
  z.pipe(text, z.transform(splitNames)),
  z.array(z.string().check(z.maxLength(256, 'must be names of at most 256 characters'))).check(
    z.minLength(1, 'must not be empty'),
    z.maxLength(50, 'must name at most 50 claims'),
    z.superRefine((names, context) => {
      const reserved = names.filter(isReservedClaim)
      if (reserved.length === 0) return
      context.addIssue(`must not name reserved claims of the assertion: ${reserved.join(', ')}`)
    }),
  ),
)

const OBO_REQUIRED =
  'is required for tools with backendAuth on_behalf_of: npm run provision creates the client'

/** The schema of each variable. A function picks the ones that it uses. */
export const variables = {
  PUBLIC_URL: origin,
  OAUTH_ISSUER: issuer,
  OAUTH_AUDIENCE: z.optional(text.check(token)),
  OAUTH_SCOPES: z.optional(
    z.pipe(
      z.pipe(text, z.transform(splitNames)),
      z.array(z.string().check(z.regex(SCOPE_TOKEN, 'must be scope tokens'))),
    ),
  ),
  JWKS_URI: z.optional(httpsUrl),
  TOOLS: z.optional(z.string()),
  TOOLS_FILE: z.optional(z.string()),
  TOOL_SCOPES_JSON: z.optional(z.string()),
  FUNCTIONS_BASE: baseUrl,
  GATEWAY_HMAC_SECRET: secrets,
  GATEWAY_SIGNING_KEY: z.optional(signingKeys),
  BACKEND_AUTH: z._default(z.enum(['none', 'google'], 'must be none or google'), 'none'),
  BACKEND_CLAIMS: z.optional(backendClaims),
  OBO_CLIENT_ID: z.string(OBO_REQUIRED).check(notPlaceholder, token),
  OBO_CLIENT_SECRET: z.pipe(z.string(OBO_REQUIRED), secret),
  BACKEND_TIMEOUT_MS: z._default(wholeNumber(1, 600_000, 'milliseconds'), 50_000),
  SCOPE_SOURCE: z._default(
    z.enum(['scope', 'scope-or-permissions'], 'must be scope or scope-or-permissions'),
    'scope',
  ),
  RATE_LIMIT_PER_MINUTE: z.optional(wholeNumber(1, 1_000_000, 'calls')),
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: z.optional(wholeNumber(1, 1_000_000, 'calls')),
  REDIS_URL: z.optional(redisUrl),
  // Larger bodies would exceed the memory that an instance may use for bodies in flight.
  MAX_BODY_BYTES: z._default(wholeNumber(1_024, 8_388_608, 'bytes'), 1_048_576),
  APP_ORIGIN: z._default(browserOrigins, []),
  AUTH_CHALLENGE: z._default(
    z.enum(['auto', 'http', 'tool-result'], 'must be auto, http or tool-result'),
    'auto',
  ),
  AUTH_SERVER_METADATA: z._default(
    z.enum(['issuer', 'curated'], 'must be issuer or curated'),
    'issuer',
  ),
  MGMT_DOMAIN: hostname,
  MGMT_CLIENT_ID: text,
  MGMT_CLIENT_SECRET: secret,
  LOG_WEBHOOK_SECRET: secrets,
  GOOGLE_CONNECTION_NAME: list,
  CLIENT_REDIRECT_URIS: z.optional(list),
  THIRD_PARTY_ACCESS: z._default(
    z.enum(['admitted', 'open'], 'must be admitted or open'),
    'admitted',
  ),
  OAUTH_ORGANIZATION: z.optional(list),
  DCR_POLICY: z._default(
    z.enum(['admit', 'observe', 'enforce'], 'must be admit, observe or enforce'),
    'admit',
  ),
  OPENAI_APPS_CHALLENGE: z.optional(text),
  LOG_LEVEL: z._default(
    z.enum(['debug', 'info', 'warning', 'error'], 'must be debug, info, warning or error'),
    'info',
  ),
} as const
