import type { Management } from '../../shared/auth0/management.ts'
import { withLeeway } from '../../shared/auth0/registered-client.ts'
import type { Change, Reference } from './plan/item.ts'
import { listClients, listConnectionsOf } from './tenant-lookups.ts'

/** Auth0 has read the client's metadata document and rejects it. */
export class InvalidMetadataError extends Error {
  override readonly name = 'InvalidMetadataError'

  constructor(violations: readonly string[]) {
    super(`Auth0 refuses the metadata document: ${violations.join('; ')}`)
  }
}

/**
 * Sends the call of one step. `createdIds` maps the keys of earlier steps to the ids they created.
 *
 * @returns the id of the client or role that the call created, if it created one.
 * @throws InvalidMetadataError, and the `auth0` package's error for a failed call.
 */
export async function perform(
  management: Management,
  change: Change,
  createdIds: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const { clientGrants, clients, connections, logStreams, organizations } = management
  const { resourceServers, roles, tenants } = management
  switch (change.call) {
    case 'resourceServers.create':
      return void (await resourceServers.create(change.body))
    case 'resourceServers.update':
      return void (await resourceServers.update(change.id, change.body))
    case 'tenants.settings.update':
      return void (await tenants.settings.update(change.body))
    case 'connections.update':
      return void (await connections.update(change.id, change.body))
    case 'connections.clients.update': {
      const { id, status } = change
      const client_id = idOf(change.client, createdIds)
      return void (await connections.clients.update(id, [{ client_id, status }]))
    }
    case 'clients.connections.limit':
      return void (await limitConnections(
        management,
        idOf(change.client, createdIds),
        change.names,
      ))
    case 'clients.refreshTokens.leeway':
      return void (await setLeeway(management, idOf(change.client, createdIds)))
    case 'clientGrants.create': {
      const { body, client } = change
      const owner = client === undefined ? {} : { client_id: idOf(client, createdIds) }
      return void (await clientGrants.create({ ...body, ...owner }))
    }
    case 'clientGrants.update':
      return void (await clientGrants.update(change.id, change.body))
    case 'clientGrants.delete':
      return void (await clientGrants.delete(change.id))
    case 'logStreams.create':
      return void (await logStreams.create(change.body))
    case 'logStreams.update':
      return void (await logStreams.update(change.id, change.body))
    case 'clients.create':
      return (await clients.create(change.body)).client_id
    case 'clients.update':
      return void (await clients.update(change.id, change.body))
    case 'clients.registerCimdClient':
      return registerCimdClient(management, change.body.external_client_id)
    case 'roles.create':
      return (await roles.create(change.body)).id
    case 'roles.permissions.add':
      return void (await roles.permissions.add(idOf(change.role, createdIds), change.body))
    case 'roles.permissions.delete':
      return void (await roles.permissions.delete(idOf(change.role, createdIds), change.body))
    case 'organizations.update':
      return void (await organizations.update(change.id, change.body))
    case 'organizations.enabledConnections.add':
      return void (await organizations.enabledConnections.add(change.id, change.body))
  }
}

async function registerCimdClient({ clients }: Management, url: string): Promise<string> {
  const { client_id, validation } = await clients.registerCimdClient({ external_client_id: url })
  if (validation?.valid === false) throw new InvalidMetadataError(validation.violations)
  return client_id
}

/** Turns off every connection of a client except those with these names. */
async function limitConnections(
  management: Management,
  client_id: string,
  names: readonly string[],
): Promise<void> {
  for (const { id, name } of await listConnectionsOf(management, client_id)) {
    if (names.includes(name)) continue
    await management.connections.clients.update(id, [{ client_id, status: false }])
  }
}

/** The settings of a new client are known only after Auth0 has created it. */
async function setLeeway(management: Management, id: string): Promise<void> {
  const client = (await listClients(management)).find(({ client_id }) => client_id === id)
  const refresh_token = client && withLeeway(client)
  if (refresh_token !== undefined) await management.clients.update(id, { refresh_token })
}

function idOf(one: Reference, createdIds: ReadonlyMap<string, string>): string {
  if ('id' in one) return one.id
  const id = createdIds.get(one.stepKey)
  if (id === undefined) throw new Error(`${one.stepKey} must be created by an earlier step`)
  return id
}
