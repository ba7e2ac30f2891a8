import type { Management } from 'auth0'
import { z } from 'zod'
import type { Schemas } from './management-route.ts'

const MAX_METADATA = 10

const urls = z.array(z.string())
const authMethod = z.enum(['none', 'client_secret_post', 'client_secret_basic'])

/** What may be changed of a strict third-party client. */
const ofStrict = {
  name: z
    .string()
    .min(1)
    .regex(/^[^<>]+$/, 'must not contain < or >'),
  description: z.string().max(140),
  logo_uri: z.string(),
  callbacks: urls,
  // A member that is null is removed.
  client_metadata: z
    .record(z.string().max(255), z.string().max(255).nullable())
    .refine(
      (given) => Object.keys(given).length <= MAX_METADATA,
      `must have ${MAX_METADATA} at most`,
    ),
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token'])),
  refresh_token: z.strictObject({
    rotation_type: z.enum(['rotating', 'non-rotating']),
    expiration_type: z.enum(['expiring', 'non-expiring']),
    leeway: z.int().min(0).optional(),
    token_lifetime: z.int().min(1).optional(),
    infinite_token_lifetime: z.boolean().optional(),
    idle_token_lifetime: z.int().min(1).optional(),
    infinite_idle_token_lifetime: z.boolean().optional(),
  }),
  redirection_policy: z.enum(['allow_always', 'open_redirect_protection']),
} satisfies Schemas<Management.UpdateClientRequestContent>

const ofOthers = {
  ...ofStrict,
  grant_types: z.array(z.string()),
  token_endpoint_auth_method: authMethod,
  is_first_party: z.boolean(),
  oidc_conformant: z.boolean(),
  app_type: z.enum(['native', 'spa', 'regular_web', 'non_interactive']),
  jwt_configuration: z.strictObject({
    alg: z.enum(['RS256', 'HS256', 'PS256']).optional(),
    lifetime_in_seconds: z.int().min(1).optional(),
    secret_encoded: z.boolean().optional(),
  }),
  allowed_origins: urls,
  web_origins: urls,
  allowed_logout_urls: urls,
  sso: z.boolean(),
  cross_origin_authentication: z.boolean(),
  initiate_login_uri: z.string(),
  require_pushed_authorization_requests: z.boolean(),
  organization_usage: z.enum(['deny', 'allow', 'require']),
} satisfies Schemas<Management.UpdateClientRequestContent>

export const strictClientUpdate = z.strictObject(ofStrict).partial()
export const clientUpdate = z.strictObject(ofOthers).partial()
export const clientCreate = z.strictObject({
  ...clientUpdate.shape,
  name: ofStrict.name,
  third_party_security_mode: z.enum(['strict', 'permissive']).optional(),
} satisfies Schemas<Management.CreateClientRequestContent>)
