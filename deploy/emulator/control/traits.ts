import { z } from 'zod'
import { given } from './faults.ts'

const refusalStatus = z.union([z.literal(400), z.literal(403), z.literal(409)])

/** Seconds; null = as configured in the API and the client. */
const lifetime = z.int().min(1).max(157_788_000).nullable()

/** The properties of the tenant that `POST /__tenant` can change. */
const traits = z.strictObject({
  /**
   * Whether a new client has the marker of its origin (`external_metadata_type` and `_created_by`).
   * False = a client from before Auth0 had these members.
   */
  clientMarker: z.boolean(),
  /**
   * The support of `dynamic_client_registration_security_mode`: shown and changeable, neither shown
   * nor applied, or refused with 403. In each case `mode` decides the mode of new clients.
   */
  securityModeSetting: z.enum(['settable', 'absent', 'refused']),
  /** Whether a permissive third-party client may become first-party, or the status of the refusal. */
  promotion: z.union([z.literal('allowed'), refusalStatus]),
  /** Whether the plan includes log streams. If it does not, existing streams stop delivering. */
  logStreams: z.enum(['allowed', 'refused']),
  /** The maximum number of log streams; null = no limit. */
  logStreamLimit: z.int().min(0).max(1_000).nullable(),
  /** Whether the Management API returns the secret of a log stream. */
  logStreamSecrets: z.enum(['shown', 'masked']),
  /** `enterprise` accepts `private_key_jwt` in a metadata document. */
  plan: z.enum(['free', 'enterprise']),
  /** The login experience at `/prompts`; the emulator's login page does not depend on it. */
  loginExperience: z.enum(['new', 'classic']),
  /** Whether an authorization request registers a client by its metadata document. */
  cimdSelfRegistration: z.boolean(),
  /** Whether clients have `created_at` and `updated_at`, which older tenants do not return. */
  clientDates: z.boolean(),
  /** The maximum number of client grants besides the Management API's own; null = no limit. */
  clientGrantLimit: z.int().min(0).max(100_000).nullable(),
  /** The lifetimes of tokens that are issued after the change. */
  tokenLifetimes: z.strictObject({ access: lifetime, refresh: lifetime }),
})

/** Changes of the traits. Absent members stay unchanged. */
export const traitsChange = traits
  .extend({ tokenLifetimes: traits.shape.tokenLifetimes.partial() })
  .partial()

export type Traits = Readonly<z.infer<typeof traits>>

/**
 * The traits of a tenant that was created in autumn 2026. Its settings do not contain the security mode,
 * which is strict, and only an administrator can import metadata documents.
 */
export const NEW_TRAITS: Traits = {
  clientMarker: true,
  securityModeSetting: 'absent',
  promotion: 'allowed',
  logStreams: 'allowed',
  logStreamLimit: null,
  logStreamSecrets: 'shown',
  plan: 'free',
  loginExperience: 'new',
  cimdSelfRegistration: false,
  clientDates: true,
  clientGrantLimit: null,
  tokenLifetimes: { access: null, refresh: null },
}

export function changeTraits(now: Traits, change: z.infer<typeof traitsChange>): Traits {
  const { tokenLifetimes = {}, ...others } = change
  return {
    ...now,
    ...given(others),
    tokenLifetimes: { ...now.tokenLifetimes, ...given(tokenLifetimes) },
  }
}
