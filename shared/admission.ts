import type { Management as Auth0 } from 'auth0'
import { AdmissionError, attempt, NotFoundError } from './admission-error.ts'
import type { Management } from './management.ts'
import type { RedirectUriPolicy } from './redirect-uris.ts'

/** What became of one newly registered client. */
export interface Admission {
  readonly outcome: 'admitted' | 'already_admitted' | 'refused' | 'deleted' | 'observed'
  readonly clientName: string | undefined
  readonly mode: 'strict' | 'permissive'
}

export interface AdmissionOptions {
  readonly management: () => Promise<Management>
  readonly mayRedirectTo: RedirectUriPolicy
  readonly policy: 'admit' | 'observe' | 'enforce'
  /** Names of the login connections that an admitted client gets. */
  readonly connections: readonly string[]
  readonly audience: string
  readonly scopes: readonly string[]
  /** Milliseconds between tries to read a client that Auth0 does not know yet. */
  readonly readDelaysMs?: readonly number[]
}

/**
 * Admits one client if the policy covers it; whoever calls it twice changes nothing the second time.
 *
 * @throws AdmissionError naming the step that failed; what was done before it stays and is not
 * repeated by the next try.
 */
export type AdmitClient = (clientId: string) => Promise<Admission>

type Client = Auth0.GetClientResponseContent

const READ_DELAYS_MS = [250, 500, 1_000]
const CLIENTS_READ_PER_CONNECTION = 500
const PROMOTED = {
  is_first_party: true,
  token_endpoint_auth_method: 'none',
  oidc_conformant: true,
  grant_types: ['authorization_code', 'refresh_token'],
  jwt_configuration: { alg: 'RS256' },
} satisfies Auth0.UpdateClientRequestContent

export function createAdmission(options: AdmissionOptions): AdmitClient {
  const admit = async (clientId: string): Promise<Admission> => {
    const management = await options.management()
    const client = await readClient(management, clientId, options.readDelaysMs ?? READ_DELAYS_MS)
    const mode = isStrict(clientId, client) ? 'strict' : 'permissive'
    const about = { clientName: client.name, mode } as const
    if (!options.mayRedirectTo(client.callbacks ?? [])) {
      const mayDelete = options.policy === 'enforce' && client.is_first_party === false
      if (mayDelete) await attempt('client_delete', () => management.clients.delete(clientId))
      return { outcome: mayDelete ? 'deleted' : 'refused', ...about }
    }
    if (options.policy === 'observe') return { outcome: 'observed', ...about }
    const changes =
      mode === 'strict'
        ? [
            await grantApi(management, clientId, options),
            await eachConnection(management, options.connections, shareWithThirdParties),
          ]
        : [
            await promote(management, clientId, client),
            await eachConnection(management, options.connections, enableFor(clientId)),
          ]
    return { outcome: changes.includes(true) ? 'admitted' : 'already_admitted', ...about }
  }

  const inFlight = new Map<string, Promise<Admission>>()
  return (clientId) => {
    const running =
      inFlight.get(clientId) ?? admit(clientId).finally(() => inFlight.delete(clientId))
    inFlight.set(clientId, running)
    return running
  }
}

function isStrict(clientId: string, client: Client): boolean {
  return client.third_party_security_mode === 'strict' || clientId.startsWith('tpc_')
}

/** Auth0 may answer 404 for a moment after a registration. */
async function readClient(
  management: Management,
  clientId: string,
  delaysMs: readonly number[],
): Promise<Client> {
  const [delayMs, ...later] = delaysMs
  try {
    return await attempt('client_read', () => management.clients.get(clientId))
  } catch (error) {
    if (delayMs === undefined || !(error instanceof AdmissionError) || error.status !== 404) {
      throw error
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    return readClient(management, clientId, later)
  }
}

/** Makes a permissive client a first-party public one; true when something had to change. */
async function promote(management: Management, clientId: string, client: Client) {
  const grants = new Set(client.grant_types)
  const isPromoted =
    client.is_first_party === PROMOTED.is_first_party &&
    client.token_endpoint_auth_method === PROMOTED.token_endpoint_auth_method &&
    client.oidc_conformant === PROMOTED.oidc_conformant &&
    client.jwt_configuration?.alg === PROMOTED.jwt_configuration.alg &&
    PROMOTED.grant_types.every((grant) => grants.has(grant))
  if (isPromoted) return false
  await attempt('client_promote', () => management.clients.update(clientId, PROMOTED))
  return true
}

/** Gives a strict client the API, with the scopes that the tools need. */
async function grantApi(
  management: Management,
  clientId: string,
  { audience, scopes }: AdmissionOptions,
): Promise<boolean> {
  const existing = await attempt('grant_lookup', () =>
    management.clientGrants.list({ client_id: clientId, audience }),
  )
  if (existing.data.some((grant) => grant.subject_type === 'user')) return false
  try {
    await attempt('grant_create', () =>
      management.clientGrants.create({
        client_id: clientId,
        audience,
        scope: [...scopes],
        subject_type: 'user',
      }),
    )
    return true
  } catch (error) {
    // Somebody else made it between the two calls.
    if (error instanceof AdmissionError && error.status === 409) return false
    throw error
  }
}

type Connection = Auth0.ConnectionForList & { readonly id: string }
type ConnectionChange = (management: Management, connection: Connection) => Promise<boolean>

async function eachConnection(
  management: Management,
  names: readonly string[],
  change: ConnectionChange,
): Promise<boolean> {
  let changed = false
  for (const name of names) {
    const connection = await findConnection(management, name)
    if (await change(management, connection)) changed = true
  }
  return changed
}

async function findConnection(management: Management, name: string): Promise<Connection> {
  return attempt('conn_lookup', async () => {
    const page = await management.connections.list({ name })
    const connection = page.data.find((candidate) => candidate.name === name)
    if (connection?.id === undefined) throw new NotFoundError(name)
    return { ...connection, id: connection.id }
  })
}

const enableFor =
  (clientId: string): ConnectionChange =>
  async (management, { id }) => {
    if (await isEnabledFor(management, id, clientId)) return false
    await attempt('conn_enable', () =>
      management.connections.clients.update(id, [{ client_id: clientId, status: true }]),
    )
    return true
  }

async function isEnabledFor(management: Management, connectionId: string, clientId: string) {
  return attempt('conn_lookup', async () => {
    let read = 0
    for await (const enabled of await management.connections.clients.get(connectionId)) {
      if (enabled.client_id === clientId) return true
      // Beyond this, asking costs more than setting once more what may be set already.
      if (++read >= CLIENTS_READ_PER_CONNECTION) return false
    }
    return false
  })
}

const shareWithThirdParties: ConnectionChange = async (management, connection) => {
  if (connection.is_domain_connection === true) return false
  await attempt('conn_enable', () =>
    management.connections.update(connection.id, { is_domain_connection: true }),
  )
  return true
}
