import type { Management as Auth0 } from 'auth0'
import { fieldsToResend } from '../../shared/auth0/fields-to-resend.ts'
import type { Management } from '../../shared/auth0/management.ts'

/** A login connection. */
export interface ConnectionState {
  readonly id: string
  readonly name: string
  readonly strategy: string | undefined
  readonly isDomainConnection: boolean
  /** Fields that a patch must send again, because Auth0 would remove them. */
  readonly kept: ReturnType<typeof fieldsToResend>
}

/** A role and its permissions for one API. */
export interface RoleState {
  readonly id: string
  readonly name: string
  readonly description: string | undefined
  readonly permissions: readonly string[]
}

/** An organization and the ids of its enabled connections. */
export interface OrganizationState {
  readonly id: string
  readonly name: string
  /** `third_party_client_access`; undefined where Auth0 does not show it. */
  readonly thirdPartyAccess: string | undefined
  readonly connectionIds: readonly string[]
}

/** Metadata key of the client that `--predefined` created; its value is the API's identifier. */
export const PREDEFINED_MARK = 'predefined_for'

const PER_PAGE = 100
// Every field that is used. The client secret is not among them.
const CLIENT_FIELDS = [
  ...['client_id', 'name', 'callbacks', 'is_first_party', 'client_metadata', 'grant_types'],
  ...['token_endpoint_auth_method', 'oidc_conformant', 'jwt_configuration', 'refresh_token'],
  ...['external_client_id', 'external_metadata_type', 'external_metadata_created_by', 'global'],
  ...['third_party_security_mode', 'logo_uri', 'jwks_uri', 'description', 'app_type'],
  ...['resource_server_identifier', 'token_exchange'],
].join(',')

// Each lookup also compares the value that it sends as a filter. If a tenant ignores the filter, this
// system must not treat another application's object as its own.

/** Returns the API with this identifier, if it exists. */
export async function findApi(management: Management, identifier: string) {
  const apis = await management.resourceServers.list({
    identifiers: identifier,
    per_page: PER_PAGE,
  })
  return first(apis, (api) => api.identifier === identifier)
}

/** Returns every client grant for the API, including the default grant. */
export async function listGrants(management: Management, audience: string) {
  const grants = await all(await management.clientGrants.list({ audience, take: PER_PAGE }))
  return grants.filter((grant) => grant.audience === audience)
}

/** Returns the default grant for users of third-party clients. */
export function defaultGrantIn(grants: readonly Auth0.ClientGrantResponseContent[]) {
  return grants.find(
    ({ default_for, subject_type = 'user' }) =>
      default_for === 'third_party_clients' && subject_type === 'user',
  )
}

/** Returns a client's own grant for users. */
export function clientGrantIn(
  grants: readonly Auth0.ClientGrantResponseContent[],
  clientId: string,
) {
  return grants.find((grant) => grant.client_id === clientId && grant.subject_type === 'user')
}

/** Returns the log streams that are webhooks. */
export async function listWebhookStreams(
  management: Management,
): Promise<Auth0.LogStreamHttpResponseSchema[]> {
  const streams = await management.logStreams.list()
  return streams.flatMap((stream) => (stream.type === 'http' ? [stream] : []))
}

/** Returns every client of the tenant, without its secret. */
export async function listClients(management: Management): Promise<Auth0.Client[]> {
  const query = { fields: CLIENT_FIELDS, include_fields: true, per_page: PER_PAGE }
  return all(await management.clients.list(query))
}

/** Returns the names and ids of the connections that are enabled for a client. */
export async function listConnectionsOf(management: Management, clientId: string) {
  const connections = await all(
    await management.clients.connections.get(clientId, { take: PER_PAGE }),
  )
  return connections.flatMap(({ id, name }) =>
    id === undefined || name === undefined ? [] : [{ id, name }],
  )
}

/** Returns the connection with this name, if it exists. */
export async function findConnection(
  management: Management,
  name: string,
): Promise<ConnectionState | undefined> {
  const connections = await management.connections.list({ name, take: PER_PAGE })
  const connection = await first(connections, (candidate) => candidate.name === name)
  if (connection?.id === undefined) return undefined
  return {
    id: connection.id,
    name,
    strategy: connection.strategy,
    isDomainConnection: connection.is_domain_connection === true,
    kept: fieldsToResend(connection),
  }
}

/** How to find the role with the permissions of the tools. */
export interface WantedRole {
  readonly name: string
  /** Identifies the role if it has another name; undefined = find it by name only. */
  readonly description: string | undefined
}

/** Returns the role with this name, or else with this description, and its permissions for the API. */
export async function findRole(
  management: Management,
  { name, description }: WantedRole,
  audience: string,
): Promise<RoleState | undefined> {
  const filter = description === undefined ? { name_filter: name } : {}
  const roles = await all(await management.roles.list({ ...filter, per_page: PER_PAGE }))
  const role =
    roles.find((candidate) => candidate.name === name) ??
    roles.find((one) => description !== undefined && one.description === description)
  if (role?.id === undefined) return undefined
  const held = await all(await management.roles.permissions.list(role.id, { per_page: PER_PAGE }))
  const permissions = held.flatMap(
    ({ resource_server_identifier: api, permission_name: permission }) =>
      api === audience && permission !== undefined ? [permission] : [],
  )
  return { id: role.id, name: role.name ?? name, description: role.description, permissions }
}

/** Returns the organization with this id; undefined if there is none. */
export async function findOrganization(
  management: Management,
  id: string,
): Promise<Omit<OrganizationState, 'connectionIds'> | undefined> {
  try {
    const { name = id, third_party_client_access } = await management.organizations.get(id)
    return { id, name, thirdPartyAccess: third_party_client_access }
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404)
      return undefined
    throw error
  }
}

/** Returns the ids of the connections that are enabled in an organization. */
export async function listOrganizationConnections(management: Management, id: string) {
  const query = { per_page: PER_PAGE }
  const enabled = await all(await management.organizations.enabledConnections.list(id, query))
  return enabled.flatMap(({ connection_id }) => connection_id ?? [])
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

async function first<Item>(
  items: AsyncIterable<Item>,
  matches: (item: Item) => boolean,
): Promise<Item | undefined> {
  for await (const item of items) if (matches(item)) return item
  return undefined
}
