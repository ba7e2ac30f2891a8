import type { Management } from '../../../shared/auth0/management.ts'
import type { Plan } from '../options.ts'
import {
  type OrganizationSeen,
  observeOrganizations,
} from '../../auth0/doctor/access/observe-organizations.ts'
import { observePeople, type PeopleSeen } from '../../auth0/doctor/access/observe-people.ts'
import { firstItems, type Optional, readOptional } from '../../auth0/doctor/access/optional.ts'

/** What decides who gets in, beside the state that provision brings about. */
export interface AccessSeen {
  readonly people: Optional<PeopleSeen>
  /** `new` or `classic`. */
  readonly loginExperience: Optional<string | undefined>
  /** The organizations that OAUTH_ORGANIZATION or `--organization` names. */
  readonly organizations: Optional<readonly OrganizationSeen[]>
  /** All client grants of the tenant, counted up to the bound of the plan. */
  readonly grantCount: Optional<number>
}

export interface AccessOptions {
  readonly management: Management
  readonly audience: string
  readonly organizations: readonly string[]
  readonly plan: Plan | undefined
}

/** How many client grants an Auth0 plan allows (Auth0 docs, entity limits). */
export const CLIENT_GRANTS_OF_PLAN: Readonly<Partial<Record<Plan, number>>> = {
  free: 100,
  'self-service': 10_000,
}

const PER_PAGE = 100
/** Each hundred is a call, so a large number is only counted for the plan that it is about. */
const COUNTED_WITHOUT_PLAN = 200

/** Reads it, one call after the other. Changes nothing. */
export async function observeAccess(options: AccessOptions): Promise<AccessSeen> {
  const { management, audience, organizations, plan } = options
  const counted = plan === undefined ? COUNTED_WITHOUT_PLAN : (CLIENT_GRANTS_OF_PLAN[plan] ?? 0)
  return {
    people: await observePeople(management, audience),
    loginExperience: await readOptional('read:prompts', async () => {
      const { universal_login_experience: experience } = await management.prompts.getSettings()
      return experience
    }),
    organizations: await observeOrganizations(management, organizations),
    grantCount: await readOptional('read:client_grants', async () => {
      if (counted === 0) return 0
      const grants = management.clientGrants.list({ take: PER_PAGE })
      return (await firstItems(grants, counted)).length
    }),
  }
}
