import type { Management as Auth0 } from 'auth0'
import type { ManagementChange } from './management-scopes.ts'

/** One thing of the tenant, and what becomes of it. Holds no secret: those are shown as `***`. */
export interface PlanItem {
  readonly area: 'api' | 'tenant' | 'connection' | 'client-grant' | 'log-stream' | 'client'
  readonly subject: string
  /**
   * `keep` = as it should be; `report` = not as it might be, and not touched; `blocked` = cannot be
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

export type Shown = string | boolean | null | undefined | readonly string[]

/** One call that changes the tenant, with the body that goes out. */
export type Change =
  | OneChange<'resourceServers.create', { body: Auth0.CreateResourceServerRequestContent }>
  | OneChange<
      'resourceServers.update',
      { id: string; body: Auth0.UpdateResourceServerRequestContent }
    >
  | OneChange<'tenants.settings.update', { body: Auth0.UpdateTenantSettingsRequestContent }>
  | OneChange<'connections.update', { id: string; body: Auth0.UpdateConnectionRequestContent }>
  | OneChange<'connections.clients.update', { id: string; client: ClientReference }>
  | OneChange<'clientGrants.create', { body: GrantBody; client?: ClientReference }>
  | OneChange<'clientGrants.update', { id: string; body: Auth0.UpdateClientGrantRequestContent }>
  | OneChange<'logStreams.create', { body: Auth0.CreateLogStreamHttpRequestBody }>
  | OneChange<'logStreams.update', { id: string; body: Auth0.UpdateLogStreamRequestContent }>
  | OneChange<'clients.create', { body: Auth0.CreateClientRequestContent }>
  | OneChange<'clients.update', { id: string; body: Auth0.UpdateClientRequestContent }>
  | OneChange<'clients.registerCimdClient', { body: Auth0.RegisterCimdClientRequestContent }>

type OneChange<Call extends ManagementChange, Rest> = { readonly call: Call } & Readonly<Rest>

type GrantBody = Auth0.CreateClientGrantRequestContent

/** A client by its id, or the predefined one that an earlier step of the same run makes. */
export type ClientReference = { readonly clientId: string } | 'made-by-this-run'

/** An item of the plan with the call that carries it out; none for what stays as it is. */
export interface Step {
  readonly item: PlanItem
  readonly change?: Change
}

/** The secret's place in anything that is shown. */
export const HIDDEN = '***'
