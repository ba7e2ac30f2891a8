import type { Management } from 'auth0'
import type { Given } from './package-types.ts'

/** A scope of an API that a person or a role has. */
export interface Permission {
  /** Undefined = whatever API has a scope of that name, as the sample people have theirs. */
  readonly resource_server_identifier?: string | undefined
  readonly permission_name: string
}

/** A group of permissions, with the people who have it. */
export interface TenantRole {
  readonly id: string
  readonly name: string
  readonly description?: string | undefined
  readonly permissions: readonly Permission[]
  readonly users: readonly string[]
}

/** A customer of the tenant, with the people in it and the connections that they sign in by. */
export interface TenantOrganization {
  readonly id: string
  readonly name: string
  readonly display_name: string
  readonly metadata: Readonly<Record<string, string>>
  /** Whether third-party clients may sign its people in. */
  readonly third_party_client_access: Management.OrganizationThirdPartyClientAccessEnum
  /** By connection id. */
  readonly connections: ReadonlyMap<string, OrganizationConnection>
  /** User ids. */
  readonly members: ReadonlySet<string>
}

export interface OrganizationConnection {
  readonly assign_membership_on_login: boolean
  readonly show_as_button: boolean
  readonly is_signup_enabled: boolean
}

/** An action as the Management API shows it; this tenant runs none. */
export type TenantAction = Given<Management.Action, 'id' | 'name' | 'supported_triggers'>

/** That an action runs at a trigger. */
export interface TenantBinding {
  readonly id: string
  readonly display_name: string
  readonly actionId: string
  readonly created_at: string
  readonly updated_at: string
}
