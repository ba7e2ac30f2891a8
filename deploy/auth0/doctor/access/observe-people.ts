import type { Management } from '../../../../shared/auth0/management.ts'
import { firstItems, type Optional, readOptional } from './optional.ts'

/** Whether people have permissions for the API, as far as a bounded number of calls shows. */
export interface PeopleSeen {
  /** Whether a person was found who has a permission of the API. */
  readonly isAnyoneAllowed: boolean
  /** The names of the roles that have permissions of the API. */
  readonly roles: readonly string[]
  /** The number of people whose permissions were read. */
  readonly peopleRead: number
}

const PER_PAGE = 100
const MAX_ROLES = 20
const MAX_PEOPLE = 5

/**
 * Looks for a person with a permission of the API: first among those who have a role with one, then
 * among the people who signed in last. Makes 47 calls at most, and four in most tenants.
 */
export function observePeople(
  management: Management,
  audience: string,
): Promise<Optional<PeopleSeen>> {
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
