import { z } from 'zod'
import { given } from './faults.ts'

const refusalStatus = z.union([z.literal(400), z.literal(403), z.literal(409)])

/** Seconds; null = as the API and the client have it. */
const lifetime = z.int().min(1).max(157_788_000).nullable()

/** What kind of tenant it is, as `POST /__tenant` changes it. */
const traits = z.strictObject({
  /**
   * Whether a new client tells how it came to be (`external_metadata_type` and `_created_by`).
   * False = a client of the time before Auth0 had these members.
   */
  clientMarker: z.boolean(),
  /**
   * What the tenant makes of `dynamic_client_registration_security_mode`: shown and changed,
   * neither shown nor heeded, or refused with 403. What registration makes is `mode` in each case.
   */
  securityModeSetting: z.enum(['settable', 'absent', 'refused']),
  /** Whether a permissive third-party client may become first-party, or the status of the refusal. */
  promotion: z.union([z.literal('allowed'), refusalStatus]),
  /** Whether the plan has log streams. Without them nothing is delivered either. */
  logStreams: z.enum(['allowed', 'refused']),
  /** The most log streams that there may be; null = no limit. */
  logStreamLimit: z.int().min(0).max(1_000).nullable(),
  /** Whether a log stream shows its secret. */
  logStreamSecrets: z.enum(['shown', 'masked']),
  /** `enterprise` takes `private_key_jwt` of a metadata document. */
  plan: z.enum(['free', 'enterprise']),
  /** Whether a client that nobody imported registers itself by its metadata document. */
  cimdSelfRegistration: z.boolean(),
  /** Whether clients show `created_at` and `updated_at`, which older tenants do not. */
  clientDates: z.boolean(),
  /** The most client grants that there may be, the Management API's own not counted. */
  clientGrantLimit: z.int().min(0).max(100_000).nullable(),
  /** How long the tokens that are issued from now on are good for, each one for itself. */
  tokenLifetimes: z.strictObject({ access: lifetime, refresh: lifetime }),
})

/** A member that is not there stays as it is. */
export const traitsChange = traits
  .extend({ tokenLifetimes: traits.shape.tokenLifetimes.partial() })
  .partial()

export type Traits = Readonly<z.infer<typeof traits>>

/**
 * Of a tenant made in the autumn of 2026: it does not show the mode of registration, which is
 * strict, and imports metadata documents only by hand.
 */
export const NEW_TRAITS: Traits = {
  clientMarker: true,
  securityModeSetting: 'absent',
  promotion: 'allowed',
  logStreams: 'allowed',
  logStreamLimit: null,
  logStreamSecrets: 'shown',
  plan: 'free',
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
