import type { Management as Auth0 } from 'auth0'
import { asObject } from '../json.ts'
import { AdmissionError, AnswerError, type Attempts } from './admission-error.ts'
import { fieldsToResend } from './fields-to-resend.ts'
import type { Management } from './management.ts'
import {
  hasRotatingTokens,
  isPromoted,
  isStrict,
  PROMOTED,
  withLeeway,
} from './registered-client.ts'

/** The request options of every call in one admission. */
export interface RequestOptions {
  readonly abortSignal?: AbortSignal
}

/** The context in which the steps of one admission run. */
export interface Steps {
  readonly attempt: Attempts['attempt']
  readonly management: Management
  readonly request: RequestOptions
}

/** Makes a connection available. Changes nothing if it already is. */
export type ConnectionChange = (steps: Steps, connection: Connection) => Promise<void>

type Connection = Auth0.ConnectionForList & { readonly id: string }

const CLIENTS_READ_PER_CONNECTION = 500

/** Reads a client. Fails if the response is not that client, such as an error page of a proxy. */
export async function readClient(
  { attempt, management, request }: Steps,
  clientId: string,
): Promise<Auth0.GetClientResponseContent> {
  return attempt('client_read', async () => {
    const client = await management.clients.get(clientId, {}, request)
    if (asObject(client)?.['client_id'] !== clientId) throw new AnswerError('malformed')
    return client
  })
}

/** Makes a permissive client a first-party public client. */
export async function promote(
  { attempt, management, request }: Steps,
  clientId: string,
): Promise<void> {
  await attempt('client_promote', () => management.clients.update(clientId, PROMOTED, request))
}

/**
 * Sets rotating, expiring refresh tokens on a client that an earlier version promoted. Does not change
 * a client that an operator has changed since.
 */
export async function renewTokens(
  { attempt, management, request }: Steps,
  client: Auth0.GetClientResponseContent,
): Promise<void> {
  const { client_id: clientId = '' } = client
  if (!isPromoted(client) || hasRotatingTokens(client)) return
  const { refresh_token } = PROMOTED
  await attempt('client_promote', () =>
    management.clients.update(clientId, { refresh_token }, request),
  )
}

/**
 * Sets rotating, expiring refresh tokens with a leeway on a client that stays third-party. If Auth0
 * refuses the change, the client keeps its settings and the admission continues.
 */
export async function limitTokens(
  { attempt, management, request }: Steps,
  clientId: string,
  client: Auth0.GetClientResponseContent,
): Promise<void> {
  // Auth0 sets rotation and expiration of a strict client itself, but no leeway.
  const isLimited = isStrict(client) || hasRotatingTokens(client)
  const refresh_token = isLimited ? withLeeway(client) : PROMOTED.refresh_token
  if (refresh_token === undefined) return
  try {
    await attempt('client_update', () =>
      management.clients.update(clientId, { refresh_token }, request),
    )
  } catch (error) {
    if (!(error instanceof AdmissionError) || !REFUSAL_STATUSES.has(error.status ?? 0)) throw error
  }
}

const REFUSAL_STATUSES: ReadonlySet<number> = new Set([400, 403, 404, 409, 422])

/** An API and the scopes that a client gets for it. */
export interface Access {
  readonly audience: string
  readonly scopes: readonly string[]
}

type Grant = Auth0.ClientGrantResponseContent

/** Returns the client's own grant for the API on behalf of users; undefined if it has none. */
export async function findGrant(
  { attempt, management, request }: Steps,
  clientId: string,
  { audience }: Access,
): Promise<Grant | undefined> {
  const existing = await attempt('grant_lookup', () =>
    management.clientGrants.list({ client_id: clientId, audience }, request),
  )
  return existing.data.find((grant) => grant.subject_type === 'user')
}

/**
 * Grants a client the scopes of the API that the tools need. An `existing` grant keeps its other scopes.
 */
export async function grantApi(
  steps: Steps,
  clientId: string,
  access: Access,
  existing: Grant | undefined,
): Promise<void> {
  if (existing !== undefined) return raiseGrant(steps, access, existing)
  const { attempt, management, request } = steps
  const grant: Auth0.CreateClientGrantRequestContent = {
    client_id: clientId,
    audience: access.audience,
    scope: [...access.scopes],
    subject_type: 'user',
  }
  try {
    await attempt('grant_create', () => management.clientGrants.create(grant, request))
  } catch (error) {
    if (!(error instanceof AdmissionError) || error.status !== 409) throw error
    // The grant may have been created between the two calls.
    const made = await findGrant(steps, clientId, access)
    if (made === undefined) throw error
    await raiseGrant(steps, access, made)
  }
}

async function raiseGrant(
  { attempt, management, request }: Steps,
  { scopes }: Access,
  { id, scope = [], allow_all_scopes: hasAll }: Grant,
): Promise<void> {
  const missing = scopes.filter((one) => !scope.includes(one))
  if (hasAll === true || missing.length === 0) return
  await attempt('grant_update', async () => {
    if (id === undefined) throw new AnswerError('malformed')
    return management.clientGrants.update(id, { scope: [...scope, ...missing] }, request)
  })
}

/** Applies the change to the connections of these names, one after the other. */
export async function eachConnection(
  steps: Steps,
  names: readonly string[],
  change: ConnectionChange,
): Promise<void> {
  for (const name of names) await change(steps, await findConnection(steps, name))
}

/** Finds a login connection by its name. */
export async function findConnection(
  { attempt, management, request }: Steps,
  name: string,
): Promise<Connection> {
  return attempt('conn_lookup', async () => {
    const page = await management.connections.list({ name }, request)
    const connection = page.data.find((candidate) => candidate.name === name)
    if (connection?.id === undefined) throw new AnswerError('not_found')
    return { ...connection, id: connection.id }
  })
}

/** Enables a connection for one promoted client. */
export const enableFor =
  (clientId: string): ConnectionChange =>
  async (steps, { id }) => {
    if (await isEnabledFor(steps, id, clientId)) return
    const { attempt, management, request } = steps
    await attempt('conn_enable', () =>
      management.connections.clients.update(id, [{ client_id: clientId, status: true }], request),
    )
  }

async function isEnabledFor(
  { attempt, management, request }: Steps,
  connectionId: string,
  clientId: string,
): Promise<boolean> {
  return attempt('conn_lookup', async () => {
    let read = 0
    for await (const enabled of await management.connections.clients.get(
      connectionId,
      {},
      request,
    )) {
      if (enabled.client_id === clientId) return true
      // Reading more pages would take longer than enabling the client again.
      if (++read >= CLIENTS_READ_PER_CONNECTION) return false
    }
    return false
  })
}

/** Enables a connection at domain level, for every third-party client. */
export const shareWithThirdParties: ConnectionChange = async (
  { attempt, management, request },
  connection,
) => {
  if (connection.is_domain_connection === true) return
  await attempt('conn_enable', () =>
    management.connections.update(
      connection.id,
      { is_domain_connection: true, ...fieldsToResend(connection) },
      request,
    ),
  )
}
