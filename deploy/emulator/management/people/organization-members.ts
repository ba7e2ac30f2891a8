import type { Management } from 'auth0'
import { z } from 'zod'
import type { TenantOrganization } from '../../entities.ts'
import type { TenantState } from '../../state.ts'
import { CHECKPOINT, FIELDS, type Listed, listed, OFFSET, pick } from '../list.ts'
import { type ApiCall, parseBody, type Route } from '../route.ts'
import { checkUser } from './roles.ts'

const memberList = z.strictObject({ members: z.array(z.string().min(1)).min(1) })

/** The endpoints at `/organizations/{id}/members`. */
export function organizationMemberRoutes(
  state: TenantState,
  get: (call: ApiCall) => TenantOrganization,
): readonly Route[] {
  const set = (organization: TenantOrganization, members: Iterable<string>): void =>
    void state.organizations.set(organization.id, { ...organization, members: new Set(members) })

  const list = (call: ApiCall): Listed<Management.OrganizationMember, 'members'> => {
    const { members } = get(call)
    const all = state.users
      .filter(({ userId }) => members.has(userId))
      .map(({ userId, email }) => ({ user_id: userId, email, name: email }))
    return listed(
      all.map((member) => pick<Management.OrganizationMember>(member, call.query)),
      call.query,
      'members',
    )
  }
  const add = (call: ApiCall): undefined => {
    const organization = get(call)
    const { members } = parseBody(memberList, call.body)
    for (const userId of members) checkUser(state, userId)
    set(organization, [...organization.members, ...members])
  }
  const remove = (call: ApiCall): undefined => {
    const organization = get(call)
    const { members } = parseBody(memberList, call.body)
    set(
      organization,
      [...organization.members].filter((userId) => !members.includes(userId)),
    )
  }

  const path = '/organizations/:id/members'
  return [
    {
      method: 'GET',
      path,
      scopes: ['read:organization_members'],
      query: [...OFFSET, ...CHECKPOINT, ...FIELDS],
      answer: list,
    },
    {
      method: 'POST',
      path,
      scopes: ['create:organization_members'],
      status: 204,
      answer: add,
      description: 'Add members to an organization',
    },
    {
      method: 'DELETE',
      path,
      scopes: ['delete:organization_members'],
      status: 204,
      hasBody: true,
      answer: remove,
      description: 'Delete members from an organization',
    },
  ]
}
