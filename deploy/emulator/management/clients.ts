import type { Management } from 'auth0'
import { checkEntityLimit, newClient, shownClient } from '../client.ts'
import { given } from '../control/faults.ts'
import { TenantError } from '../http.ts'
import { newRefreshToken } from '../oauth/tokens/refresh-token.ts'
import type { TenantClient, TenantState } from '../state.ts'
import { checkCreation, checkResourceServer, checkUpdate } from './client-rules.ts'
import { clientCreate } from './client-schema.ts'
import { CHECKPOINT, FIELDS, type Listed, listed, OFFSET, pick } from './list.ts'
import { type ApiCall, found, parseBody, type Route } from './route.ts'

/**
 * Returns a client by ID. With the fault `newClientNotFoundMs`, a new client is not found for this time.
 *
 * @throws TenantError 404
 */
export function findClient({ clients, faults }: TenantState, clientId: string): TenantClient {
  const client = clients.get(clientId)
  const age = Date.now() - Date.parse(client?.created_at ?? '')
  const isHidden = age < faults.management.newClientNotFoundMs
  return found(isHidden ? undefined : client, 'inexistent_client', 'client')
}

/** The endpoints at `/clients`. */
export function clientRoutes(state: TenantState): readonly Route[] {
  const { clients, connections } = state

  const get = ({ id, query }: ApiCall): Management.GetClientResponseContent =>
    pick(shownClient(state, findClient(state, id)), query)

  const list = ({ query }: ApiCall): Listed<Management.Client, 'clients'> => {
    const asked = (name: string, value: unknown) =>
      !query.has(name) || query.get(name) === String(value)
    const appTypes = query.get('app_type')?.split(',')
    const matching = [...clients.values()].filter(
      ({ is_first_party, global, external_client_id, app_type }) =>
        asked('is_first_party', is_first_party === true) &&
        asked('is_global', global === true) &&
        asked('external_client_id', external_client_id) &&
        (appTypes === undefined || appTypes.includes(app_type ?? '')),
    )
    const shown = matching.map((client) => pick(shownClient(state, client), query))
    return listed<Management.Client, 'clients'>(shown, query, 'clients')
  }
  const post = ({ body }: ApiCall): Management.CreateClientResponseContent => {
    const wanted = parseBody(clientCreate, body)
    checkResourceServer(state, wanted)
    const client = toClient(wanted)
    checkEntityLimit(state)
    clients.set(client.client_id, client)
    const enablesConnections = state.settings.flags.enable_client_connections !== false
    if (client.is_first_party === true && enablesConnections) {
      for (const { enabledClients } of connections.values()) enabledClients.add(client.client_id)
    }
    return client
  }
  const patch = ({ id, body }: ApiCall): Management.UpdateClientResponseContent => {
    const client = findClient(state, id)
    const { client_metadata, ...changes } = given(checkUpdate(state, client, body))
    const changed: TenantClient = {
      ...client,
      ...changes,
      ...(client_metadata !== undefined && {
        client_metadata: merged({ ...client.client_metadata, ...client_metadata }),
      }),
      updated_at: new Date().toISOString(),
    }
    clients.set(client.client_id, changed)
    return shownClient(state, changed)
  }
  const remove = ({ id }: ApiCall): undefined => void forgetClient(state, id)

  const many = '/clients'
  const one = '/clients/:id'
  const filters = ['is_global', 'is_first_party', 'app_type', 'external_client_id']
  const query = [...OFFSET, ...CHECKPOINT, ...FIELDS, ...filters]
  return [
    { method: 'GET', path: many, scopes: ['read:clients'], query, answer: list },
    { method: 'GET', path: one, scopes: ['read:clients'], query: FIELDS, answer: get },
    {
      method: 'POST',
      path: many,
      scopes: ['create:clients'],
      status: 201,
      answer: post,
      description: 'Create a client',
    },
    {
      method: 'PATCH',
      path: one,
      scopes: ['update:clients'],
      answer: patch,
      description: 'Update a client',
    },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:clients'],
      status: 204,
      answer: remove,
      description: 'Delete a client',
    },
  ]
}

/** Deletes a client with its client grants and the consents of users. */
function forgetClient({ clients, connections, grants, userGrants }: TenantState, id: string): void {
  clients.delete(id)
  for (const { enabledClients } of connections.values()) enabledClients.delete(id)
  for (const grant of [...grants.values()]) if (grant.client_id === id) grants.delete(grant.id)
  for (const one of [...userGrants.values()]) if (one.clientID === id) userGrants.delete(one.id)
}

type Wanted = ReturnType<typeof clientCreate.parse>

/** Creates a client. Third-party clients are strict by default. */
function toClient({ third_party_security_mode: mode, name, ...wanted }: Wanted): TenantClient {
  const isFirstParty = wanted.is_first_party !== false
  if (isFirstParty && mode !== undefined) throw refuse('third_party_security_mode', 'first-party')
  const isNewStrict = !isFirstParty && mode !== 'permissive'
  if (isNewStrict) checkCreation(wanted)
  const { client_metadata, ...settings } = given(wanted)
  const isPublic = wanted.token_endpoint_auth_method === 'none'
  return {
    ...newClient(name, !isPublic, isNewStrict),
    callbacks: [],
    grant_types: defaultGrantTypes(isNewStrict, isPublic),
    token_endpoint_auth_method: 'client_secret_post',
    is_first_party: true,
    refresh_token: newRefreshToken(isNewStrict, isPublic),
    ...settings,
    ...(client_metadata !== undefined && { client_metadata: merged(client_metadata) }),
    ...(!isFirstParty && { third_party_security_mode: mode ?? 'strict' }),
    ...(isNewStrict && { redirection_policy: 'open_redirect_protection' }),
  }
}

function refuse(property: string, kind: string): TenantError {
  const message = `Payload validation error: '${property} is not for a ${kind} client'.`
  return new TenantError(400, 'invalid_body', message)
}

function merged(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null))
}

function defaultGrantTypes(isStrict: boolean, isPublic: boolean): string[] {
  const all = ['authorization_code', 'refresh_token']
  if (isStrict) return all
  return ['implicit', ...all, ...(isPublic ? [] : ['client_credentials'])]
}
