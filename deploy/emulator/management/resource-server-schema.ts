import type { Management } from 'auth0'
import { z } from 'zod'
import type { Schemas } from './route.ts'

const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^<>]+$/, 'must not contain < or >')

const scopes = z
  .array(
    z.strictObject({
      value: z.string().min(1).max(280),
      description: z.string().max(500).optional(),
    }),
  )
  .refine(
    (all) => new Set(all.map(({ value }) => value)).size === all.length,
    'must have unique values',
  )

const encryption = z.strictObject({
  format: z.literal('compact-nested-jwe'),
  encryption_key: z.strictObject({
    name: z.string().optional(),
    alg: z.enum(['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512']),
    kid: z.string().optional(),
    pem: z.string().startsWith('-----BEGIN '),
  }),
})

const access = z.strictObject({
  user: z
    .strictObject({ policy: z.enum(['allow_all', 'deny_all', 'require_client_grant']) })
    .optional(),
  client: z.strictObject({ policy: z.enum(['deny_all', 'require_client_grant']) }).optional(),
})

const changeable = {
  name,
  scopes,
  // Auth0 supports two more algorithms, for which the emulator has no keys.
  signing_alg: z.enum(['RS256', 'HS256']),
  signing_secret: z.string().min(16),
  allow_offline_access: z.boolean(),
  allow_online_access: z.boolean(),
  allow_online_access_with_ephemeral_sessions: z.boolean(),
  token_lifetime: z.int().min(1).max(2_592_000),
  token_lifetime_for_web: z.int().min(1).max(2_592_000),
  token_dialect: z.enum([
    'access_token',
    'access_token_authz',
    'rfc9068_profile',
    'rfc9068_profile_authz',
  ]),
  skip_consent_for_verifiable_first_party_clients: z.boolean(),
  enforce_policies: z.boolean(),
  token_encryption: encryption.nullable(),
  consent_policy: z.literal('transactional-authorization-with-mfa').nullable(),
  authorization_details: z.array(z.unknown()).nullable(),
  // The emulator stores and returns this setting, but does not bind tokens to a key.
  proof_of_possession: z
    .strictObject({
      mechanism: z.enum(['mtls', 'dpop']),
      required: z.boolean(),
      required_for: z.enum(['public_clients', 'all_clients']).optional(),
    })
    .nullable(),
  subject_type_authorization: access,
} satisfies Schemas<Management.UpdateResourceServerRequestContent> & {
  // Missing in the package's types. auth0-deploy-cli sends all members that it has read.
  token_lifetime_for_web: z.ZodType
}

export const apiUpdate = z.strictObject(changeable).partial()
export const apiCreate = z.strictObject({
  ...apiUpdate.shape,
  identifier: z.string().min(1).max(600),
} satisfies Schemas<Management.CreateResourceServerRequestContent>)
