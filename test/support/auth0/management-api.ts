import type { TenantConnection, TenantGrant } from '../../../deploy/emulator/state.ts'
import {
  failureOf,
  MANAGEMENT,
  type RecordedEmulator,
  stage,
  startRecordedEmulator,
  withoutOwn,
} from './recorded-emulator.ts'

/** A client in the emulator. Auth0 may add values to each of these members, so they have wider types than `auth0`. */
export interface ClientRecord {
  readonly client_id: string
  readonly name?: string
  readonly callbacks?: readonly string[]
  readonly is_first_party?: boolean
  readonly third_party_security_mode?: 'strict' | 'permissive'
  readonly token_endpoint_auth_method?: string
  readonly oidc_conformant?: boolean
  readonly grant_types?: readonly string[]
  readonly jwt_configuration?: { readonly alg: string }
  readonly external_client_id?: string
  readonly external_metadata_type?: string
  readonly external_metadata_created_by?: string
  readonly refresh_token?: Readonly<Record<string, unknown>>
  readonly global?: boolean
}

/** A client grant in the emulator. */
export interface GrantRecord {
  readonly id: string
  readonly client_id: string
  readonly audience: string
  readonly scope: readonly string[]
  readonly subject_type: string
  readonly allow_all_scopes?: boolean
}

/** A failure of the next calls of an operation such as `GET /connections`. */
export interface StagedFailure {
  readonly status: number
  readonly times?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly message?: string
  /** By default that of a missing scope if the status is 403. */
  readonly errorCode?: string
  /** Only calls whose body has this member fail. */
  readonly member?: string
  /** Called when the failure occurs, to change the tenant. */
  readonly meanwhile?: () => void
}

/** An Auth0 emulator with one API, without clients and connections, for admission. */
export interface ManagementApi extends RecordedEmulator {
  /** By client id; a change takes effect at once. */
  readonly clients: Map<string, ClientRecord>
  readonly connections: {
    readonly get: (name: string) => TenantConnection | undefined
    /** Adds a connection that is enabled for these clients. */
    readonly add: (
      connection: Pick<TenantConnection, 'id' | 'name'> & Partial<TenantConnection>,
      ...clients: string[]
    ) => void
    readonly clear: () => void
  }
  readonly grants: readonly GrantRecord[]
  readonly addGrants: (...grants: readonly GrantRecord[]) => void
  /** The operation is the method and the path pattern, such as `GET /clients/:id`. */
  readonly fail: (operation: string, failure: StagedFailure) => void
  /** Removes the failures that `fail` injected. */
  readonly mended: () => void
  readonly stageTokenStatus: (status: number) => void
  readonly stageDelay: (latencyMs: number) => void
}

export const MGMT_CLIENT_ID = MANAGEMENT.clientId
export const MGMT_CLIENT_SECRET = MANAGEMENT.clientSecret

const SCOPES = ['events:read', 'events:write', 'theirs']

export async function startManagementApi(
  audience = 'https://mcp.test/mcp',
): Promise<ManagementApi> {
  const meanwhile = new Map<string, () => void>()
  const emulator = await startRecordedEmulator(
    {
      audience,
      scopes: SCOPES.map((value) => ({ value, description: value })),
    },
    {
      onExchange: ({ isStaged, route = '' }) => {
        if (isStaged) meanwhile.get(route)?.()
      },
    },
  )
  const { state } = emulator
  const failures = () => state.faults.management.fail
  // The tests count the other clients.
  state.clients.delete(MGMT_CLIENT_ID)

  const fail: ManagementApi['fail'] = (operation, failure) => {
    const { meanwhile: act, errorCode, ...staged } = failure
    if (act !== undefined) meanwhile.set(operation, act)
    const one = failureOf(operation, {
      message: 'staged',
      errorCode: errorCode ?? (failure.status === 403 ? 'insufficient_scope' : 'staged'),
      ...staged,
    })
    const others = failures().filter(
      ({ method, path }) => method !== one.method || path !== one.path,
    )
    stage(state, { fail: [...others, one] })
  }

  return {
    ...emulator,
    clients: state.clients as unknown as Map<string, ClientRecord>,
    connections: {
      get: (name) => [...state.connections.values()].find((one) => one.name === name),
      add: (connection, ...clients) => {
        const defaults = { strategy: 'google-oauth2', is_domain_connection: false, options: {} }
        const enabledClients = new Set(clients)
        // Auth0 may omit the display name and the realms.
        const added = { ...defaults, ...connection, enabledClients } as TenantConnection
        state.connections.set(connection.id, added)
      },
      clear: () => state.connections.clear(),
    },
    get grants() {
      return withoutOwn(state.grants.values()) as unknown as readonly GrantRecord[]
    },
    addGrants: (...grants) => {
      for (const grant of grants) state.grants.set(grant.id, { ...grant } as unknown as TenantGrant)
    },
    fail,
    mended: () => stage(state, { fail: [] }),
    stageTokenStatus: (status) => fail('POST /oauth/token', { status }),
    stageDelay: (latencyMs) => stage(state, { latencyMs }),
  }
}
