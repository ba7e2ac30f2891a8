import type { Management } from 'auth0'
import type { JWK } from 'jose'
import type { Faults } from './control/faults.ts'
import type { Traits } from './control/traits.ts'
import type {
  Permission,
  TenantAction,
  TenantBinding,
  TenantOrganization,
  TenantRole,
} from './entities.ts'
import type { LogRecord } from './log-stream/log-delivery.ts'
import type { Given, Known } from './package-types.ts'

/** A client in the form of the Management API, including its secret. */
export type TenantClient = Given<Known<Management.Client>, 'client_id'>

/** An API. The Management API itself has `is_system`. */
export type TenantApi = Given<
  Known<Management.ResourceServer>,
  | 'id'
  | 'name'
  | 'identifier'
  | 'scopes'
  | 'signing_alg'
  | 'signing_secret'
  | 'token_dialect'
  | 'token_lifetime'
  | 'subject_type_authorization'
>

export type TenantGrant = Given<Management.ClientGrantResponseContent, 'id' | 'audience'>

/** A webhook log stream, the only kind in the emulator. */
export type TenantLogStream = Given<
  Known<Management.LogStreamHttpResponseSchema>,
  'id' | 'name' | 'status' | 'sink'
>

export type TenantSettings = Given<
  Known<Omit<Management.GetTenantSettingsResponseContent, 'flags'>> & {
    // Auth0 documents this flag, but it is missing in the package's types.
    readonly flags?: Management.TenantSettingsFlags & {
      readonly use_scope_descriptions_for_consent?: boolean | undefined
    }
  },
  'flags' | 'default_audience' | 'resource_parameter_profile'
>

/** The consent of a user, one for each client, user and API. */
export type TenantUserGrant = Required<Omit<Management.UserGrant, 'organization_id'>> & {
  readonly id: string
  readonly organization_id?: string
  /** The IDs of oidc-provider's grants for this consent. Each grant has its own tokens. */
  readonly issued: string[]
}

/** A login connection with the clients for which it is enabled. */
export interface TenantConnection {
  readonly id: string
  readonly name: string
  readonly strategy: string
  display_name: string
  realms: string[]
  /** Whether the connection is available to every third-party client. */
  is_domain_connection: boolean
  options: Management.ConnectionOptions
  enabledClients: Set<string>
}

/** A user who can sign in. */
export interface TenantUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  /** The initial permissions, for every API with a scope of that name. */
  readonly permissions: readonly string[]
}

export interface Scope {
  readonly value: string
  readonly description: string
}

export type SecurityMode = Management.TenantSettingsDynamicClientRegistrationSecurityMode

/** The whole state of the tenant as plain data. Only its endpoints change it. */
export interface TenantState {
  readonly issuer: string
  readonly users: readonly TenantUser[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  /** The identifier of the gateway's API. */
  readonly audience: string
  readonly clients: Map<string, TenantClient>
  readonly connections: Map<string, TenantConnection>
  readonly grants: Map<string, TenantGrant>
  readonly apis: Map<string, TenantApi>
  readonly logStreams: Map<string, TenantLogStream>
  readonly userGrants: Map<string, TenantUserGrant>
  readonly roles: Map<string, TenantRole>
  /** The directly assigned permissions of users, by `userId`. */
  readonly permissions: Map<string, readonly Permission[]>
  readonly organizations: Map<string, TenantOrganization>
  /** The organization of a sign-in, by the ID of oidc-provider's grant. */
  readonly issuedFor: Map<string, string>
  readonly actions: Map<string, TenantAction>
  /** The bindings of each trigger, in order. */
  readonly bindings: Map<string, readonly TenantBinding[]>
  /** The latest events, oldest first. */
  readonly logs: LogRecord[]
  /** The private signing keys: current, next, previous. All public keys are published. */
  keys: readonly [current: JWK, next: JWK, ...previous: JWK[]]
  /** The security mode of newly registered clients, even if the settings do not contain it. */
  mode: SecurityMode
  settings: TenantSettings
  rules: readonly Management.Rule[]
  hooks: readonly Management.Hook[]
  /** Whether discovery, JWKS and the Management API return 503. */
  outage: boolean
  traits: Traits
  faults: Faults
}
