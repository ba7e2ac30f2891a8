import type { Management } from '../../../shared/auth0/management.ts'
import { explainFailure } from '../../auth0/reading.ts'
import type { Skipped } from '../check.ts'
import type { SubscriptionPlan } from '../options.ts'

const PER_PAGE = 100

/** Settings that affect access, apart from those that provision configures. */
export interface AccessObservation {
  readonly people: Optional<PeopleObservation>
  /** `new` or `classic`. */
  readonly loginExperience: Optional<string | undefined>
  /** The organizations that OAUTH_ORGANIZATION or `--organization` names. */
  readonly organizations: Optional<readonly OrganizationObservation[]>
  /** All client grants of the tenant, counted up to the bound of the plan. */
  readonly grantCount: Optional<number>
}

export interface AccessOptions {
  readonly management: Management
  readonly audience: string
  readonly organizations: readonly string[]
  readonly subscription: SubscriptionPlan | undefined
}

/** How many client grants an Auth0 plan allows (Auth0 docs, entity limits). */
export const CLIENT_GRANTS_OF_PLAN: Readonly<Partial<Record<SubscriptionPlan, number>>> = {
  free: 100,
  'self-service': 10_000,
}

/** A call returns a hundred grants, so without a known plan only this many are counted. */
const COUNTED_WITHOUT_PLAN = 200

/** Reads these settings with sequential calls. Changes nothing. */
export async function observeAccess(options: AccessOptions): Promise<AccessObservation> {
  const { management, audience, organizations, subscription } = options
  const counted =
    subscription === undefined ? COUNTED_WITHOUT_PLAN : (CLIENT_GRANTS_OF_PLAN[subscription] ?? 0)
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

/** An organization whose members sign in with ChatGPT. */
export interface OrganizationObservation {
  readonly id: string
  /** Undefined when there is no organization with this id. */
  readonly state: OrganizationState | undefined
}

export interface OrganizationState {
  readonly allowsThirdParties: boolean
  /** Names of the connections that are enabled in it; undefined when they could not be read. */
  readonly connections: readonly string[] | undefined
}

const ORGANIZATION_CONNECTIONS = 50
const MAX_ORGANIZATIONS = 10
const NOT_FOUND = 404

/** Reads these organizations, the first ten at most. */
function observeOrganizations(
  management: Management,
  ids: readonly string[],
): Promise<Optional<readonly OrganizationObservation[]>> {
  return readOptional('read:organizations', async () => {
    const observed: OrganizationObservation[] = []
    for (const id of ids.slice(0, MAX_ORGANIZATIONS)) {
      observed.push({ id, state: await readOrganization(management, id) })
    }
    return observed
  })
}

async function readOrganization(
  management: Management,
  id: string,
): Promise<OrganizationState | undefined> {
  try {
    const { third_party_client_access: access } = await management.organizations.get(id)
    const connections = await readOptional('read:organization_connections', () =>
      firstItems(
        management.organizations.enabledConnections.list(id, {
          per_page: ORGANIZATION_CONNECTIONS,
        }),
        ORGANIZATION_CONNECTIONS,
      ),
    )
    return {
      allowsThirdParties: access === 'allow',
      connections:
        'value' in connections
          ? connections.value.flatMap(({ connection }) => connection?.name ?? [])
          : undefined,
    }
  } catch (error) {
    if (Reflect.get(Object(error), 'statusCode') !== NOT_FOUND) throw error
    return undefined
  }
}

/** Whether users have permissions for the API, as far as a bounded number of calls shows. */
export interface PeopleObservation {
  /** Whether a user was found who has a permission of the API. */
  readonly isAnyoneAllowed: boolean
  /** The names of the roles that have permissions of the API. */
  readonly roles: readonly string[]
  /** The number of users whose permissions were read. */
  readonly peopleRead: number
}

const MAX_ROLES = 20
const MAX_PEOPLE = 5

/**
 * Looks for a user with a permission of the API: first among those who have a role with one, then
 * among the users who signed in last. Makes 47 calls at most, and four in most tenants.
 */
function observePeople(
  management: Management,
  audience: string,
): Promise<Optional<PeopleObservation>> {
  return readOptional('read:roles or read:users', async () => {
    const roles = await rolesFor(management, audience)
    const names = roles.map(({ name }) => name)
    for (const { id } of roles) {
      const members = await firstItems(management.roles.users.list(id, { take: 1 }), 1)
      if (members.length > 0) return { isAnyoneAllowed: true, roles: names, peopleRead: 0 }
    }
    const people = await firstItems(
      management.users.list({
        per_page: MAX_PEOPLE,
        sort: 'last_login:-1',
        fields: 'user_id',
        include_fields: true,
      }),
      MAX_PEOPLE,
    )
    for (const { user_id: id } of people) {
      const listing = management.users.permissions.list(id ?? '', { per_page: PER_PAGE })
      const permissions = await firstItems(listing, PER_PAGE)
      if (permissions.some((one) => one.resource_server_identifier === audience)) {
        return { isAnyoneAllowed: true, roles: names, peopleRead: people.length }
      }
    }
    return { isAnyoneAllowed: false, roles: names, peopleRead: people.length }
  })
}

/** The roles that have a permission of the API. */
async function rolesFor(management: Management, audience: string) {
  const found: { readonly id: string; readonly name: string }[] = []
  const roles = await firstItems(management.roles.list({ per_page: PER_PAGE }), MAX_ROLES)
  for (const { id = '', name = id } of roles) {
    const listing = management.roles.permissions.list(id, { per_page: PER_PAGE })
    const permissions = await firstItems(listing, PER_PAGE)
    if (permissions.some((one) => one.resource_server_identifier === audience)) {
      found.push({ id, name })
    }
  }
  return found
}

/** An optional part of the tenant, or why it was skipped. */
export type Optional<Value> = { readonly value: Value } | Skipped

/** Reads an optional part. A missing Management scope or tenant feature is not a fault. */
async function readOptional<Value>(
  scope: string,
  run: () => Promise<Value>,
): Promise<Optional<Value>> {
  try {
    return { value: await run() }
  } catch (error) {
    const { kind, message } = explainFailure(error)
    const isScope = kind === 'scope-missing'
    return { skipped: isScope ? `the Management scope ${scope} is missing` : message }
  }
}

/** Returns at most `limit` items of a list, which also limits the number of calls. */
export async function firstItems<Item>(
  listing: Promise<AsyncIterable<Item>>,
  limit: number,
): Promise<readonly Item[]> {
  const items: Item[] = []
  for await (const item of await listing) if (items.push(item) >= limit) break
  return items
}
