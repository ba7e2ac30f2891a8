import type { Management as Auth0 } from 'auth0'
import type { Management } from '../../shared/management.ts'
import type { DesiredState } from './desired-state.ts'
import type { ManagementScope } from './management-scopes.ts'
import { createReader, type Reading } from './reading.ts'
import {
  type ConnectionState,
  findApi,
  findCimdClient,
  findClientGrant,
  findConnection,
  findDefaultGrant,
  findPredefinedClient,
  listWebhookStreams,
} from './tenant-lookups.ts'

/** What of the tenant this system depends on, each part on its own: it was read, or why not. */
export interface TenantSnapshot {
  /** The scopes that Auth0 named when it gave the token; undefined when it named none. */
  readonly grantedScopes: readonly string[] | undefined
  /** The API whose identifier is the audience. */
  readonly api: Reading<Auth0.ResourceServer | undefined>
  readonly settings: Reading<Auth0.GetTenantSettingsResponseContent>
  /** One for each name in GOOGLE_CONNECTION_NAME, in that order. */
  readonly connections: readonly {
    readonly name: string
    readonly state: Reading<ConnectionState | undefined>
  }[]
  /** The grant that every third-party client has for this API. */
  readonly defaultGrant: Reading<Auth0.ClientGrantResponseContent | undefined>
  /** The tenant's log streams that are webhooks, wherever they deliver to. */
  readonly logStreams: Reading<readonly Auth0.LogStreamHttpResponseSchema[]>
  /** The client of `--cimd`; undefined also when none was asked for. */
  readonly cimdClient: Reading<Auth0.Client | undefined>
  /** The client of `--predefined`; undefined also when none was asked for. */
  readonly predefinedClient: Reading<Auth0.Client | undefined>
  /** That client's own grant for the API. */
  readonly predefinedGrant: Reading<Auth0.ClientGrantResponseContent | undefined>
}

export interface ReadTenantOptions {
  readonly management: Management
  readonly desired: Pick<DesiredState, 'audience' | 'connections' | 'cimd' | 'predefined'>
  /** Asked when a token has been used. */
  readonly grantedScopes?: () => readonly string[] | undefined
}

/**
 * Reads what a plan depends on, one call after the other: a small tenant allows two a second.
 * Throws for nothing that Auth0 answers.
 */
export async function readTenant({
  management,
  desired: { audience, connections: names, cimd, predefined },
  grantedScopes = () => undefined,
}: ReadTenantOptions): Promise<TenantSnapshot> {
  const read = createReader()
  const readIf = async <Value>(
    asked: string | undefined,
    scope: ManagementScope,
    find: (asked: string) => Promise<Value | undefined>,
  ): Promise<Reading<Value | undefined>> =>
    asked === undefined ? { value: undefined } : read(scope, () => find(asked))
  const api = await read('read:resource_servers', () => findApi(management, audience))
  const settings = await read('read:tenant_settings', () => management.tenants.settings.get())
  const logStreams = await read('read:log_streams', () => listWebhookStreams(management))
  const defaultGrant = await read('read:client_grants', () =>
    findDefaultGrant(management, audience),
  )
  const cimdClient = await readIf(cimd, 'read:clients', (url) => findCimdClient(management, url))
  const predefinedClient = await readIf(predefined, 'read:clients', () =>
    findPredefinedClient(management, audience),
  )
  const clientId = 'value' in predefinedClient ? predefinedClient.value?.client_id : undefined
  const predefinedGrant = await readIf(clientId, 'read:client_grants', (id) =>
    findClientGrant(management, audience, id),
  )
  const connections: TenantSnapshot['connections'][number][] = []
  for (const name of names) {
    const state = await read('read:connections', () => findConnection(management, name, clientId))
    connections.push({ name, state })
  }
  return {
    grantedScopes: grantedScopes(),
    api,
    settings,
    connections,
    defaultGrant,
    logStreams,
    cimdClient,
    predefinedClient,
    predefinedGrant,
  }
}
