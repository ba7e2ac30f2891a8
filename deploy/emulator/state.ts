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

/** A client as the Management API shows it, secret included. */
export type TenantClient = Given<Known<Management.Client>, 'client_id'>

/** An API; the Management API itself is the one with `is_system`. */
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
    // Auth0 documents this flag, but the package's types lack it.
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
  /** The ids of oidc-provider's grants for this consent; each grant has its tokens. */
  readonly issued: string[]
}

/** A login connection, with the clients that it is enabled for. */
export interface TenantConnection {
  readonly id: string
  readonly name: string
  readonly strategy: string
  display_name: string
  realms: string[]
  /** Available to every third-party client. */
  is_domain_connection: boolean
  options: Management.ConnectionOptions
  enabledClients: Set<string>
}

/** A user who can sign in. */
export interface TenantUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  /** The initial permissions: scopes of every API that has them. */
  readonly permissions: readonly string[]
}

export interface Scope {
  readonly value: string
  readonly description: string
}

export type SecurityMode = Management.TenantSettingsDynamicClientRegistrationSecurityMode

/** The whole state of the tenant as plain data; only its endpoints change it. */
export interface TenantState {
  readonly issuer: string
  readonly users: readonly TenantUser[]
  readonly management: { readonly clientId: string; readonly clientSecret: string }
  /** Identifier of the API that the tenant is set up with. */
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
  /** The organization of a sign-in, by the id of oidc-provider's grant. */
  readonly issuedFor: Map<string, string>
  readonly actions: Map<string, TenantAction>
  /** The bindings of each trigger, in order. */
  readonly bindings: Map<string, readonly TenantBinding[]>
  /** The latest events, oldest first. */
  readonly logs: LogRecord[]
  /** The private signing keys: current, next, previous. All public keys are published. */
  keys: readonly [current: JWK, next: JWK, ...previous: JWK[]]
  /** The security mode of newly registered clients, whether or not the settings show it. */
  mode: SecurityMode
  settings: TenantSettings
  rules: readonly Management.Rule[]
  hooks: readonly Management.Hook[]
  /** Discovery, JWKS and the Management API answer 503. */
  outage: boolean
  traits: Traits
  faults: Faults
}
