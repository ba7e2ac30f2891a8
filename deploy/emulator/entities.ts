import type { Management } from 'auth0'
import type { Given } from './package-types.ts'

/** A scope of an API that is assigned to a user or a role. */
export interface Permission {
  /** The API; undefined = every API with a scope of that name, as for the sample users. */
  readonly resource_server_identifier?: string | undefined
  readonly permission_name: string
}

/** A role: its permissions and its users. */
export interface TenantRole {
  readonly id: string
  readonly name: string
  readonly description?: string | undefined
  readonly permissions: readonly Permission[]
  readonly users: readonly string[]
}

/** An organization: its members and the connections for their sign-in. */
export interface TenantOrganization {
  readonly id: string
  readonly name: string
  readonly display_name: string
  readonly metadata: Readonly<Record<string, string>>
  /** Whether third-party clients may sign its members in. */
  readonly third_party_client_access: Management.OrganizationThirdPartyClientAccessEnum
  /** By connection ID. */
  readonly connections: ReadonlyMap<string, OrganizationConnection>
  /** The user IDs of the members. */
  readonly members: ReadonlySet<string>
}

export interface OrganizationConnection {
  readonly assign_membership_on_login: boolean
  readonly show_as_button: boolean
  readonly is_signup_enabled: boolean
}

/** An Action as the Management API returns it. The emulator does not run Actions. */
export type TenantAction = Given<Management.Action, 'id' | 'name' | 'supported_triggers'>

/** The binding of an Action to a trigger. */
export interface TenantBinding {
  readonly id: string
  readonly display_name: string
  readonly actionId: string
  readonly created_at: string
  readonly updated_at: string
}
