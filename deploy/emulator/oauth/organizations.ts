import { errors } from 'oidc-provider'
import type { TenantOrganization } from '../entities.ts'
import type { TenantClient, TenantState } from '../state.ts'

interface OrganizationRequest {
  readonly organization: string | undefined
  readonly userId: string
}

/** Returns the organization with an ID, or with a name if the tenant accepts names. */
export function findOrganization(
  { organizations, settings }: TenantState,
  given: string,
): TenantOrganization | undefined {
  const byId = organizations.get(given)
  if (byId !== undefined || settings.allow_organization_name_in_authentication_api !== true) {
    return byId
  }
  return [...organizations.values()].find(({ name }) => name === given.toLowerCase())
}

/**
 * Returns the error message if the client may not request this organization, or must request one;
 * undefined otherwise. The message for a third-party client is Auth0's. The one for a first-party client
 * is a guess.
 */
export function organizationFault(
  state: TenantState,
  client: TenantClient,
  given: string | undefined,
): string | undefined {
  const { organization_usage: usage = 'deny' } = client
  const isFirstParty = client.is_first_party === true
  if (given === undefined) {
    const isPrompted = (client.organization_require_behavior ?? 'no_prompt') !== 'no_prompt'
    const isMissing = usage === 'require' && !isPrompted
    return isMissing ? 'parameter organization is required for this client' : undefined
  }
  const invalid = `parameter organization is invalid: ${given}`
  const organization = findOrganization(state, given)
  if (organization === undefined) return invalid
  if (isFirstParty) {
    return usage === 'deny' ? 'parameter organization is not allowed for this client' : undefined
  }
  const isStrict = client.third_party_security_mode === 'strict'
  const isOpen = organization.third_party_client_access === 'allow'
  const hasConnection = [...organization.connections.keys()].some(
    (id) => state.connections.get(id)?.is_domain_connection === true,
  )
  return isStrict && isOpen && hasConnection ? undefined : invalid
}

/**
 * Returns the ID of the organization of a sign-in. If the client lets users choose after the sign-in, it is
 * the user's first organization, because the emulator has no page for the choice.
 *
 * @throws CustomOIDCProviderError for a user who is not a member. The message is a guess.
 */
export function organizationOf(
  state: TenantState,
  client: TenantClient | undefined,
  { organization: given, userId }: OrganizationRequest,
): string | undefined {
  const isRequired = client?.organization_usage === 'require'
  const organization =
    given !== undefined
      ? findOrganization(state, given)
      : [...state.organizations.values()].find(({ members }) => isRequired && members.has(userId))
  if (organization === undefined) {
    if (!isRequired) return undefined
    throw refusal(`user ${userId} is not part of an organization`)
  }
  const { id, members, connections } = organization
  if (members.has(userId)) return id
  const joins = [...connections.values()].some((one) => one.assign_membership_on_login)
  if (!joins) throw refusal(`user ${userId} is not part of the ${id} organization`)
  state.organizations.set(id, { ...organization, members: new Set([...members, userId]) })
  return id
}

function refusal(description: string) {
  return new errors.CustomOIDCProviderError('access_denied', description)
}
