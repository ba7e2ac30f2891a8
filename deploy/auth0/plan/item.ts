import type { Management as Auth0 } from 'auth0'
import type { ManagementChange } from '../../kit/management-scopes.ts'

/** One object of the tenant and the planned action. Contains no secret: secrets appear as `***`. */
export interface PlanItem {
  readonly area:
    | 'api'
    | 'tenant'
    | 'connection'
    | 'client-grant'
    | 'log-stream'
    | 'client'
    | 'role'
    | 'organization'
    | 'token-exchange'
  readonly subject: string
  /**
   * `keep` = has the required state; `report` = a note, nothing is changed; `blocked` = cannot be
   * changed, and `why` says what to do.
   */
  readonly action: 'create' | 'change' | 'keep' | 'remove' | 'report' | 'blocked'
  readonly changes: readonly FieldChange[]
  /** Why this system requires it. */
  readonly why: string
  /** Path in Auth0's dashboard. */
  readonly where: string
  /** Code to copy, by lines. */
  readonly code?: readonly string[]
}

export interface FieldChange {
  readonly field: string
  /** Undefined = not set. */
  readonly before: FieldValue
  readonly after: FieldValue
}

export type FieldValue = string | number | boolean | null | undefined | readonly string[]

/** One call that changes the tenant, with its body. */
export type Change =
  | ChangeOf<'resourceServers.create', { body: Auth0.CreateResourceServerRequestContent }>
  | ChangeOf<
      'resourceServers.update',
      { id: string; body: Auth0.UpdateResourceServerRequestContent }
    >
  | ChangeOf<'tenants.settings.update', { body: Auth0.UpdateTenantSettingsRequestContent }>
  | ChangeOf<'connections.update', { id: string; body: Auth0.UpdateConnectionRequestContent }>
  | ChangeOf<'connections.clients.update', { id: string; client: Reference; status: boolean }>
  | ChangeOf<'clients.connections.limit', { client: Reference; names: readonly string[] }>
  | ChangeOf<'clients.refreshTokens.leeway', { client: Reference }>
  | ChangeOf<
      'clientGrants.create',
      { body: Auth0.CreateClientGrantRequestContent; client?: Reference }
    >
  | ChangeOf<'clientGrants.update', { id: string; body: Auth0.UpdateClientGrantRequestContent }>
  | ChangeOf<'clientGrants.delete', { id: string }>
  | ChangeOf<'logStreams.create', { body: Auth0.CreateLogStreamHttpRequestBody }>
  | ChangeOf<'logStreams.update', { id: string; body: Auth0.UpdateLogStreamRequestContent }>
  | ChangeOf<'clients.create', { body: Auth0.CreateClientRequestContent }>
  | ChangeOf<'clients.update', { id: string; body: Auth0.UpdateClientRequestContent }>
  | ChangeOf<'clients.registerCimdClient', { body: Auth0.RegisterCimdClientRequestContent }>
  | ChangeOf<'roles.create', { body: Auth0.CreateRoleRequestContent }>
  | ChangeOf<
      'roles.permissions.add',
      { role: Reference; body: Auth0.AddRolePermissionsRequestContent }
    >
  | ChangeOf<
      'roles.permissions.delete',
      { role: Reference; body: Auth0.DeleteRolePermissionsRequestContent }
    >
  | ChangeOf<'organizations.update', { id: string; body: Auth0.UpdateOrganizationRequestContent }>
  | ChangeOf<
      'organizations.enabledConnections.add',
      { id: string; body: Auth0.AddOrganizationConnectionRequestContent }
    >

type ChangeOf<Call extends ManagementChange, Rest> = { readonly call: Call } & Readonly<Rest>

/** A client or role: its id, or the key of the step that creates it in the same run. */
export type Reference = { readonly id: string } | { readonly stepKey: string }

/**
 * An item of the plan with the call that applies it; unchanged items usually have none. A call of an
 * item with the action `keep` or `report` is sent with `--apply` too: Auth0 does not return the current
 * value, and the call is idempotent.
 */
export interface ProvisionStep {
  readonly item: PlanItem
  readonly change?: Change
  /** Key by which other steps refer to this one. */
  readonly key?: string
  /** Keys of the steps that must succeed before this one. */
  readonly after?: readonly string[]
  /** The consequence if Auth0 refuses the call; set if a refusal does not fail the run. */
  readonly whenRefused?: string
}

/** Replaces secrets in output. */
export const REDACTED = '***'
