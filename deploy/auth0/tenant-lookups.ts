import type { Management as Auth0 } from 'auth0'
import { keptByPatch } from '../../shared/kept-by-patch.ts'
import type { Management } from '../../shared/management.ts'

/** A login connection. */
export interface ConnectionState {
  readonly id: string
  readonly name: string
  readonly strategy: string | undefined
  readonly isDomainConnection: boolean
  /** What a patch has to send again, so that Auth0 keeps it. */
  readonly kept: ReturnType<typeof keptByPatch>
  /** Whether it is on for the client of `--predefined`; false when there is none. */
  readonly isOnForPredefined: boolean
}

/** In the metadata of a client that `--predefined` made: the API that it is for. */
export const PREDEFINED_MARK = 'predefined_for'

const PER_PAGE = 100
// All but the secret, which nobody here needs.
const CLIENT_FIELDS = [
  ...['client_id', 'name', 'callbacks', 'is_first_party', 'client_metadata', 'grant_types'],
  ...['token_endpoint_auth_method', 'oidc_conformant', 'jwt_configuration'],
  ...['external_client_id', 'third_party_security_mode'],
].join(',')

// Each lookup compares once more what it asked Auth0 to filter by: a filter that a tenant ignores
// must not make this system take another's thing for its own.

export async function findApi(management: Management, identifier: string) {
  const apis = await management.resourceServers.list({
    identifiers: identifier,
    per_page: PER_PAGE,
  })
  return first(apis, (api) => api.identifier === identifier)
}

export async function findDefaultGrant(management: Management, audience: string) {
  const default_for = 'third_party_clients'
  const grants = await management.clientGrants.list({ audience, default_for, take: PER_PAGE })
  return first(
    grants,
    (grant) =>
      grant.audience === audience &&
      grant.default_for === default_for &&
      (grant.subject_type ?? 'user') === 'user',
  )
}

export async function findClientGrant(management: Management, audience: string, clientId: string) {
  const asked = { audience, client_id: clientId, subject_type: 'user', take: PER_PAGE } as const
  const grants = await management.clientGrants.list(asked)
  return first(
    grants,
    (grant) =>
      grant.audience === audience &&
      grant.client_id === clientId &&
      grant.subject_type === asked.subject_type,
  )
}

/** The log streams that are webhooks. */
export async function listWebhookStreams(
  management: Management,
): Promise<Auth0.LogStreamHttpResponseSchema[]> {
  const streams = await management.logStreams.list()
  return streams.flatMap((stream) => (stream.type === 'http' ? [stream] : []))
}

export async function findCimdClient(management: Management, url: string) {
  const clients = await management.clients.list({
    external_client_id: url,
    fields: CLIENT_FIELDS,
    include_fields: true,
    per_page: PER_PAGE,
  })
  return first(clients, (client) => client.external_client_id === url)
}

export async function findPredefinedClient(management: Management, audience: string) {
  const clients = await management.clients.list({
    is_first_party: true,
    fields: CLIENT_FIELDS,
    include_fields: true,
    per_page: PER_PAGE,
  })
  return first(clients, (client) => client.client_metadata?.[PREDEFINED_MARK] === audience)
}

export async function findConnection(
  management: Management,
  name: string,
  clientId: string | undefined,
): Promise<ConnectionState | undefined> {
  const connections = await management.connections.list({ name, take: PER_PAGE })
  const connection = await first(connections, (candidate) => candidate.name === name)
  if (connection?.id === undefined) return undefined
  return {
    id: connection.id,
    name,
    strategy: connection.strategy,
    isDomainConnection: connection.is_domain_connection === true,
    kept: keptByPatch(connection),
    isOnForPredefined:
      clientId !== undefined && (await isOnFor(management, connection.id, clientId)),
  }
}

async function isOnFor(management: Management, connectionId: string, clientId: string) {
  const clients = await management.connections.clients.get(connectionId, { take: PER_PAGE })
  return (await first(clients, (client) => client.client_id === clientId)) !== undefined
}

async function first<Item>(
  items: AsyncIterable<Item>,
  matches: (item: Item) => boolean,
): Promise<Item | undefined> {
  for await (const item of items) if (matches(item)) return item
  return undefined
}
