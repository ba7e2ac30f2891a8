import { randomUUID } from 'node:crypto'
import type { Management } from 'auth0'
import { z } from 'zod'
import { TenantError } from '../http.ts'
import { hookTrigger } from '../management/extensibility.ts'
import { faultsChange } from './faults.ts'
import { traitsChange } from './traits.ts'

const rule = z.strictObject({
  name: z.string().min(1),
  enabled: z.boolean().default(true),
  script: z
    .string()
    .default('function (user, context, callback) { callback(null, user, context) }'),
  order: z.int().min(0).default(1),
  stage: z.enum(['login_success', 'login_failure', 'pre_authorize']).default('login_success'),
  id: z.string().default(() => `rul_${randomUUID()}`),
}) satisfies z.ZodType<Management.Rule>

const hook = z.strictObject({
  name: z.string().min(1),
  enabled: z.boolean().default(true),
  triggerId: hookTrigger.default('credentials-exchange'),
  script: z.string().default('module.exports = (client, scope, audience, context, cb) => cb()'),
  id: z.string().default(() => `hook_${randomUUID()}`),
}) satisfies z.ZodType<Management.Hook>

const change = z.strictObject({
  /** Resets the tenant to its initial state. */
  reset: z.literal(true).optional(),
  /** Resets the tenant to a new Auth0 tenant. */
  empty: z.literal(true).optional(),
  /** The security mode of newly registered clients. */
  mode: z.enum(['strict', 'permissive']).optional(),
  outage: z.boolean().optional(),
  rotateKeys: z.boolean().optional(),
  logStream: z
    .strictObject({
      format: z.enum(['JSONLINES', 'JSONARRAY', 'JSONOBJECT']).optional(),
      delayMs: z.int().min(0).max(600_000).optional(),
      paused: z.boolean().optional(),
      redeliver: z.literal(true).optional(),
    })
    .optional(),
  rules: z.array(rule).optional(),
  hooks: z.array(hook).optional(),
  /**
   * The directly assigned permissions of users by email address, for every API with a scope of that
   * name.
   */
  userPermissions: z.record(z.email(), z.array(z.string())).optional(),
  /** The traits as GET shows them. They can also be members of the body. */
  traits: traitsChange.optional(),
  ...traitsChange.shape,
  ...faultsChange.shape,
})

const known = { traits: traitsChange.strip(), faults: faultsChange.strip() }

/** The body of `POST /__tenant`, separated into traits, faults and other changes. */
export interface ControlChange {
  readonly change: Omit<z.infer<typeof change>, 'traits'>
  readonly traits: z.infer<typeof traitsChange>
  readonly faults: z.infer<typeof faultsChange>
}

/**
 * Parses the body of `POST /__tenant`.
 *
 * @throws TenantError 400 that names every invalid member.
 */
export function parseChange(given: unknown): ControlChange {
  const parsed = change.safeParse(given)
  if (parsed.success) {
    const { traits, ...change } = parsed.data
    const data = { ...traits, ...change }
    return { change: data, traits: known.traits.parse(data), faults: known.faults.parse(data) }
  }
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'body'}: ${message}`,
  )
  throw new TenantError(400, 'invalid_body', faults.join('; '))
}
