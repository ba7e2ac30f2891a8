import type { Management } from 'auth0'
import { z } from 'zod'
import type { Schemas } from './route.ts'

const MAX_METADATA = 10

const urls = z.array(z.string())
// Auth0 refuses wildcards for a strict client.
const exactUrls = z.array(z.string().regex(/^[^*]*$/, 'must not contain a wildcard'))
const jwtConfiguration = {
  lifetime_in_seconds: z.int().min(1).optional(),
  secret_encoded: z.boolean().optional(),
}
const refreshToken = {
  rotation_type: z.enum(['rotating', 'non-rotating']),
  leeway: z.int().min(0).optional(),
  token_lifetime: z.int().min(1).optional(),
  idle_token_lifetime: z.int().min(1).optional(),
}

/** The members that can be changed for every client. */
const commonMembers = {
  description: z.string().max(140),
  app_type: z.enum(['native', 'spa', 'regular_web', 'non_interactive', 'resource_server']),
  allowed_origins: urls,
  web_origins: urls,
  // A null value removes the member.
  client_metadata: z
    .record(z.string().max(255), z.string().max(255).nullable())
    .refine(
      (given) => Object.keys(given).length <= MAX_METADATA,
      `must have at most ${MAX_METADATA} members`,
    ),
  grant_types: z.array(z.string()),
  jwt_configuration: z.strictObject({
    ...jwtConfiguration,
    alg: z.enum(['RS256', 'HS256', 'PS256', 'RS512']).optional(),
  }),
  oidc_conformant: z.boolean(),
  organization_usage: z.enum(['deny', 'allow', 'require']),
  organization_require_behavior: z.enum(['no_prompt', 'pre_login_prompt', 'post_login_prompt']),
  require_proof_of_possession: z.boolean(),
  refresh_token: z.strictObject({
    ...refreshToken,
    expiration_type: z.enum(['expiring', 'non-expiring']),
    infinite_token_lifetime: z.boolean().optional(),
    infinite_idle_token_lifetime: z.boolean().optional(),
  }),
} satisfies Schemas<Management.UpdateClientRequestContent>

const named = {
  name: z
    .string()
    .min(1)
    .regex(/^[^<>]+$/, 'must not contain < or >'),
  logo_uri: z.string(),
  callbacks: urls,
} satisfies Schemas<Management.UpdateClientRequestContent>

const otherClientMembers = {
  ...commonMembers,
  ...named,
  token_endpoint_auth_method: z.enum(['none', 'client_secret_post', 'client_secret_basic']),
  is_first_party: z.boolean(),
  allowed_logout_urls: urls,
  sso: z.boolean(),
  cross_origin_authentication: z.boolean(),
  initiate_login_uri: z.string(),
  require_pushed_authorization_requests: z.boolean(),
  redirection_policy: z.enum(['allow_always', 'open_redirect_protection']),
  token_exchange: z.strictObject({
    allow_any_profile_of_type: z
      .array(z.enum(['custom_authentication', 'on_behalf_of_token_exchange']))
      .optional(),
  }),
} satisfies Schemas<Management.UpdateClientRequestContent>

/** Refresh token settings of strict clients, which must expire and have an idle lifetime. */
const expiring = z.strictObject({
  ...refreshToken,
  expiration_type: z.literal('expiring'),
  infinite_token_lifetime: z.boolean().optional(),
  infinite_idle_token_lifetime: z.literal(false).optional(),
})

/** The members of a strict client that can be changed and are not in a metadata document. */
const strictClientMembers = {
  ...commonMembers,
  // `checkGrantTypes` refuses `client_credentials` for dynamically registered clients.
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])),
  jwt_configuration: z.strictObject({ ...jwtConfiguration, alg: z.literal('RS256').optional() }),
  oidc_conformant: z.literal(true),
  refresh_token: expiring,
  allowed_origins: exactUrls,
  web_origins: exactUrls,
}

/** Changes of an imported strict client. Its document sets the other members. */
export const cimdClientUpdate = z
  .strictObject({
    ...strictClientMembers,
    app_type: z.enum(['native', 'regular_web']),
    grant_types: z.array(z.enum(['authorization_code', 'refresh_token'])),
  })
  .partial()
export const strictClientUpdate = z
  .strictObject({
    ...strictClientMembers,
    ...named,
    callbacks: exactUrls,
    token_endpoint_auth_method: otherClientMembers.token_endpoint_auth_method,
    redirection_policy: otherClientMembers.redirection_policy,
  })
  .partial()
export const clientUpdate = z.strictObject(otherClientMembers).partial()
export const clientCreate = z.strictObject({
  ...clientUpdate.shape,
  name: named.name,
  third_party_security_mode: z.enum(['strict', 'permissive']).optional(),
  // Auth0 does not allow a change of this member after the creation.
  resource_server_identifier: z.string().min(1).max(600).optional(),
} satisfies Schemas<Management.CreateClientRequestContent>)
