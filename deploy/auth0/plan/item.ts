import type { Management as Auth0 } from 'auth0'
import type { ManagementChange } from '../../kit/management-scopes.ts'

/** One thing of the tenant, and what becomes of it. Holds no secret: those are shown as `***`. */
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
   * `keep` = as it should be; `report` = something to know, and not touched; `blocked` = cannot be
   * brought about, and `why` says what to do.
   */
  readonly action: 'create' | 'change' | 'keep' | 'remove' | 'report' | 'blocked'
  readonly changes: readonly FieldChange[]
  /** Why this system needs it. */
  readonly why: string
  /** Where it is in Auth0's dashboard. */
  readonly where: string
}

export interface FieldChange {
  readonly field: string
  /** Undefined = not set. */
  readonly before: Shown
  readonly after: Shown
}

export type Shown = string | number | boolean | null | undefined | readonly string[]

/** One call that changes the tenant, with the body that goes out. */
export type Change =
  | OneChange<'resourceServers.create', { body: Auth0.CreateResourceServerRequestContent }>
  | OneChange<
      'resourceServers.update',
      { id: string; body: Auth0.UpdateResourceServerRequestContent }
    >
  | OneChange<'tenants.settings.update', { body: Auth0.UpdateTenantSettingsRequestContent }>
  | OneChange<'connections.update', { id: string; body: Auth0.UpdateConnectionRequestContent }>
  | OneChange<'connections.clients.update', { id: string; client: Reference; status: boolean }>
  | OneChange<'clients.connections.limit', { client: Reference; names: readonly string[] }>
  | OneChange<'clients.refreshTokens.leeway', { client: Reference }>
  | OneChange<
      'clientGrants.create',
      { body: Auth0.CreateClientGrantRequestContent; client?: Reference }
    >
  | OneChange<'clientGrants.update', { id: string; body: Auth0.UpdateClientGrantRequestContent }>
  | OneChange<'clientGrants.delete', { id: string }>
  | OneChange<'logStreams.create', { body: Auth0.CreateLogStreamHttpRequestBody }>
  | OneChange<'logStreams.update', { id: string; body: Auth0.UpdateLogStreamRequestContent }>
  | OneChange<'clients.create', { body: Auth0.CreateClientRequestContent }>
  | OneChange<'clients.update', { id: string; body: Auth0.UpdateClientRequestContent }>
  | OneChange<'clients.registerCimdClient', { body: Auth0.RegisterCimdClientRequestContent }>
  | OneChange<'roles.create', { body: Auth0.CreateRoleRequestContent }>
  | OneChange<
      'roles.permissions.add',
      { role: Reference; body: Auth0.AddRolePermissionsRequestContent }
    >
  | OneChange<
      'roles.permissions.delete',
      { role: Reference; body: Auth0.DeleteRolePermissionsRequestContent }
    >
  | OneChange<'organizations.update', { id: string; body: Auth0.UpdateOrganizationRequestContent }>
  | OneChange<
      'organizations.enabledConnections.add',
      { id: string; body: Auth0.AddOrganizationConnectionRequestContent }
    >

type OneChange<Call extends ManagementChange, Rest> = { readonly call: Call } & Readonly<Rest>

/** A client or role by its id, or the one that the step with this key makes in the same run. */
export type Reference = { readonly id: string } | { readonly madeBy: string }

/**
 * An item of the plan with the call that carries it out; none for what stays as it is. The call of an
 * item that is kept or reported goes out with `--apply` all the same: Auth0 does not show whether it
 * is needed, and to send it again changes nothing that is in place.
 */
export interface Step {
  readonly item: PlanItem
  readonly change?: Change
  /** What other steps know it by. */
  readonly key?: string
  /** Keys of the steps that must be in place before this one is carried out. */
  readonly after?: readonly string[]
  /** What it means when Auth0 refuses the call, where that is no failure of the run. */
  readonly whenRefused?: string
}

/** The secret's place in anything that is shown. */
export const HIDDEN = '***'
