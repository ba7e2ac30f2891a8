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

/** A log stream that is a webhook, the only kind there is here. */
export type TenantLogStream = Given<
  Known<Management.LogStreamHttpResponseSchema>,
  'id' | 'name' | 'status' | 'sink'
>

export type TenantSettings = Given<
  Known<Omit<Management.GetTenantSettingsResponseContent, 'flags'>> & {
    // The second one is documented, but missing in the package's types.
    readonly flags?: Management.TenantSettingsFlags & {
      readonly use_scope_descriptions_for_consent?: boolean | undefined
    }
  },
  'flags' | 'default_audience' | 'resource_parameter_profile'
>

/** What a person has let a client do, one for each client, person and API. */
export type TenantUserGrant = Required<Omit<Management.UserGrant, 'organization_id'>> & {
  readonly id: string
  readonly organization_id?: string
  /** The grants of oidc-provider that came of it, each with its tokens. */
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

/** A person who can sign in. */
export interface TenantUser {
  readonly email: string
  readonly password: string
  readonly userId: string
  /** Scopes, of whatever API has them, when the tenant starts. */
  readonly permissions: readonly string[]
}

export interface Scope {
  readonly value: string
  readonly description: string
}

export type SecurityMode = Management.TenantSettingsDynamicClientRegistrationSecurityMode

/** Everything that the tenant knows; plain data, changed by its endpoints alone. */
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
  /** What people may do without any role, by `userId`. */
  readonly permissions: Map<string, readonly Permission[]>
  readonly organizations: Map<string, TenantOrganization>
  /** By grant of oidc-provider: the organization that the person signed in to. */
  readonly issuedFor: Map<string, string>
  readonly actions: Map<string, TenantAction>
  /** Which action runs at which trigger, in order. */
  readonly bindings: Map<string, readonly TenantBinding[]>
  /** The latest events, oldest first. */
  readonly logs: LogRecord[]
  /** Private keys, all of them published: the one that signs, its successor, its predecessor. */
  keys: readonly [current: JWK, next: JWK, ...previous: JWK[]]
  /** What registration makes of a client, shown among the settings or not. */
  mode: SecurityMode
  settings: TenantSettings
  rules: readonly Management.Rule[]
  hooks: readonly Management.Hook[]
  /** Discovery, JWKS and the Management API answer 503. */
  outage: boolean
  traits: Traits
  faults: Faults
}
