import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../shared/auth0/management.ts'
import type { ProvisionReadScope } from '../kit/management-scopes.ts'
import { type DesiredState, roleDescription } from './desired-state.ts'
import { createReader, type Read, type Reading } from './reading.ts'
import {
  type ConnectionState,
  clientGrantIn,
  defaultGrantIn,
  findApi,
  findConnection,
  findOrganization,
  findRole,
  listClients,
  listConnectionsOf,
  listGrants,
  listOrganizationConnections,
  listWebhookStreams,
  type OrganizationState,
  PREDEFINED_MARK,
  type RoleState,
} from './tenant-lookups.ts'

/** The parts of the tenant that this system depends on; each holds its value or the reason it is missing. */
export interface TenantSnapshot {
  /** The scopes that Auth0 stated with the token; undefined if it stated none. */
  readonly grantedScopes: readonly string[] | undefined
  /** The API with the audience as its identifier. */
  readonly api: Reading<Auth0.ResourceServer | undefined>
  readonly settings: Reading<Auth0.GetTenantSettingsResponseContent>
  /** One for each name in GOOGLE_CONNECTION_NAME, in that order. */
  readonly connections: readonly {
    readonly name: string
    readonly state: Reading<ConnectionState | undefined>
  }[]
  /** Every grant for the API. */
  readonly grants: Reading<readonly Auth0.ClientGrantResponseContent[]>
  /** The default grant for third-party clients. */
  readonly defaultGrant: Reading<Auth0.ClientGrantResponseContent | undefined>
  /** All log streams of the tenant that are webhooks. */
  readonly logStreams: Reading<readonly Auth0.LogStreamHttpResponseSchema[]>
  /** Every client of the tenant. */
  readonly clients: Reading<readonly Auth0.Client[]>
  /** The client of `--cimd`; undefined also without the option. */
  readonly cimdClient: Reading<Auth0.Client | undefined>
  /** Auth0's preview of the document of `--cimd`; undefined also without the option. */
  readonly cimdPreview: Reading<Auth0.PreviewCimdMetadataResponseContent | undefined>
  /** The client that `--predefined` created, in this run or an earlier one. */
  readonly predefinedClient: Reading<Auth0.Client | undefined>
  /** That client's own grant for the API. */
  readonly predefinedGrant: Reading<Auth0.ClientGrantResponseContent | undefined>
  /** The connections that are enabled for that client. */
  readonly predefinedConnections: Reading<readonly { readonly id: string; readonly name: string }[]>
  /** The role with the permissions of the tools. */
  readonly role: Reading<RoleState | undefined>
  /** The organization of `--organization`; undefined also without the option. */
  readonly organization: Reading<OrganizationState | undefined>
  /** The client that exchanges tokens for the API; undefined also if none is required. */
  readonly exchangeClient: Reading<Auth0.Client | undefined>
  /** One per audience of token exchange. */
  readonly exchanges: readonly {
    readonly audience: string
    readonly state: Reading<TokenExchangeState>
  }[]
}

/** The API of a backend, and its client grants for users. */
export interface TokenExchangeState {
  readonly api: Auth0.ResourceServer | undefined
  readonly grants: readonly Auth0.ClientGrantResponseContent[]
}

export interface ReadTenantOptions {
  readonly management: Management
  /** The value of MGMT_DOMAIN, for messages. */
  readonly domain?: string
  readonly desired: Pick<
    DesiredState,
    'audience' | 'connections' | 'cimd' | 'role' | 'isRoleNamed' | 'organization' | 'exchanges'
  >
  /** Returns the granted scopes; called after a token has been used. */
  readonly grantedScopes?: () => readonly string[] | undefined
}

/**
 * Reads the parts of the tenant that a plan depends on, sequentially: small tenants allow two requests
 * per second. A failed call becomes a `failure` of its part; it does not throw.
 */
export async function readTenant({
  management,
  domain,
  desired,
  grantedScopes = () => undefined,
}: ReadTenantOptions): Promise<TenantSnapshot> {
  const { audience } = desired
  const role = {
    name: desired.role,
    description: desired.isRoleNamed ? undefined : roleDescription(audience),
  }
  const read = createReader<ProvisionReadScope>(domain)
  const api = await read('read:resource_servers', () => findApi(management, audience))
  const settings = await read('read:tenant_settings', () => management.tenants.settings.get())
  const logStreams = await read('read:log_streams', () => listWebhookStreams(management))
  const grants = await read('read:client_grants', () => listGrants(management, audience))
  const clients = await read('read:clients', () => listClients(management))
  const connections: TenantSnapshot['connections'][number][] = []
  for (const name of desired.connections) {
    const state = await read('read:connections', () => findConnection(management, name))
    connections.push({ name, state })
  }
  const predefinedClient = mapReading(clients, (all) =>
    all.find(({ client_metadata }) => client_metadata?.[PREDEFINED_MARK] === audience),
  )
  const { client_id: id } = ('value' in predefinedClient ? predefinedClient.value : {}) ?? {}
  const isExchanged = desired.exchanges.length > 0
  const exchangeClient = mapReading(clients, (all) =>
    isExchanged ? all.find((one) => exchangesFor(one, audience)) : undefined,
  )
  return {
    api,
    settings,
    connections,
    grants,
    defaultGrant: mapReading(grants, defaultGrantIn),
    logStreams,
    clients,
    cimdClient: mapReading(clients, (all) =>
      all.find(({ external_client_id: url }) => url !== undefined && url === desired.cimd),
    ),
    cimdPreview: await preview(read, management, desired.cimd),
    predefinedClient,
    predefinedGrant: mapReading(grants, (all) =>
      id === undefined ? undefined : clientGrantIn(all, id),
    ),
    predefinedConnections:
      id === undefined
        ? { value: [] }
        : await read('read:connections', () => listConnectionsOf(management, id)),
    role: await read('read:roles', () => findRole(management, role, audience)),
    organization: await readOrganization(read, management, desired.organization),
    exchangeClient,
    exchanges: await readExchanges(read, management, desired.exchanges),
    grantedScopes: grantedScopes(),
  }
}

/** Auth0 links a client of this type to one API permanently. */
function exchangesFor(client: Auth0.Client, audience: string): boolean {
  return client.app_type === 'resource_server' && client.resource_server_identifier === audience
}

async function readExchanges(
  read: Read<ProvisionReadScope>,
  management: Management,
  exchanges: DesiredState['exchanges'],
): Promise<TenantSnapshot['exchanges']> {
  const found: TenantSnapshot['exchanges'][number][] = []
  for (const { audience } of exchanges) {
    const api = await read('read:resource_servers', () => findApi(management, audience))
    const grants = await read('read:client_grants', () => listGrants(management, audience))
    const state: Reading<TokenExchangeState> =
      'failure' in api
        ? api
        : mapReading(grants, (all) => ({
            api: api.value,
            grants: all.filter(({ subject_type: type }) => type === 'user'),
          }))
    found.push({ audience, state })
  }
  return found
}

/** Auth0 fetches the document without changing the tenant. */
async function preview(
  read: Read<ProvisionReadScope>,
  { clients }: Management,
  url: string | undefined,
) {
  if (url === undefined) return { value: undefined }
  return read('create:clients', () => clients.previewCimdMetadata({ external_client_id: url }))
}

async function readOrganization(
  read: Read<ProvisionReadScope>,
  management: Management,
  id: string | undefined,
): Promise<Reading<OrganizationState | undefined>> {
  if (id === undefined) return { value: undefined }
  const organization = await read('read:organizations', () => findOrganization(management, id))
  if ('failure' in organization || organization.value === undefined) {
    return 'failure' in organization ? organization : { value: undefined }
  }
  const enabled = await read('read:organization_connections', () =>
    listOrganizationConnections(management, id),
  )
  const { value } = organization
  return mapReading(enabled, (connectionIds) => ({ ...value, connectionIds }))
}

function mapReading<Value, Other>(
  reading: Reading<Value>,
  map: (value: Value) => Other,
): Reading<Other> {
  return 'failure' in reading ? reading : { value: map(reading.value) }
}
