import type { Management } from 'auth0'
import { z } from 'zod'
import { TenantError } from './http.ts'
import {
  type ApiCall,
  found,
  type Listed,
  listed,
  parseBody,
  type Route,
} from './management-route.ts'
import { isStrict, type TenantClient, type TenantState } from './state.ts'

type Updatable = { readonly [Name in keyof Management.UpdateClientRequestContent]?: z.ZodType }

/** What may be changed of a strict third-party client. */
const ofStrict = {
  name: z.string().min(1),
  description: z.string().max(140),
  logo_uri: z.string(),
  callbacks: z.array(z.string()),
  client_metadata: z.record(z.string(), z.string()),
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token'])),
  refresh_token: z.looseObject({
    rotation_type: z.enum(['rotating', 'non-rotating']),
    expiration_type: z.enum(['expiring', 'non-expiring']),
  }),
  redirection_policy: z.enum(['allow_always', 'open_redirect_protection']),
} satisfies Updatable

const ofOthers = {
  ...ofStrict,
  grant_types: z.array(z.string()),
  token_endpoint_auth_method: z.enum(['none', 'client_secret_post', 'client_secret_basic']),
  is_first_party: z.boolean(),
  oidc_conformant: z.boolean(),
  app_type: z.enum(['native', 'spa', 'regular_web', 'non_interactive']),
  jwt_configuration: z.looseObject({ alg: z.enum(['RS256', 'HS256', 'PS256']).optional() }),
  allowed_origins: z.array(z.string()),
  web_origins: z.array(z.string()),
  allowed_logout_urls: z.array(z.string()),
  sso: z.boolean(),
  cross_origin_authentication: z.boolean(),
} satisfies Updatable

const strictUpdate = z.strictObject(ofStrict).partial()
const update = z.strictObject(ofOthers).partial()

/** `/clients` */
export function clientRoutes({ clients, connections, grants }: TenantState): readonly Route[] {
  const get = ({ id }: ApiCall): TenantClient =>
    found(clients.get(id), 'inexistent_client', 'client')

  const list = ({ query }: ApiCall): Listed<Management.Client, 'clients'> => {
    const isFirstParty = query.get('is_first_party')
    const matching = [...clients.values()].filter(
      ({ is_first_party }) => isFirstParty === null || String(is_first_party) === isFirstParty,
    )
    return listed(matching, query, 'clients')
  }
  const patch = (call: ApiCall): Management.UpdateClientResponseContent => {
    const client = get(call)
    if (isStrict(client) && 'is_first_party' in call.body && call.body.is_first_party === true) {
      const message = 'A strict third-party client cannot become a first-party one'
      throw new TenantError(400, 'invalid_body', `Payload validation error: '${message}'.`)
    }
    const changes = isStrict(client)
      ? parseBody(strictUpdate, call.body)
      : parseBody(update, call.body)
    const changed: TenantClient = { ...client, ...changes, updated_at: new Date().toISOString() }
    clients.set(client.client_id, changed)
    return changed
  }
  const remove = ({ id }: ApiCall): undefined => {
    clients.delete(id)
    for (const { enabledClients } of connections) enabledClients.delete(id)
    for (const grant of [...grants.values()]) if (grant.client_id === id) grants.delete(grant.id)
  }

  const one = /^\/clients\/([^/]+)$/
  return [
    { method: 'GET', path: /^\/clients$/, answer: list },
    { method: 'GET', path: one, answer: get },
    { method: 'PATCH', path: one, answer: patch, description: 'Update a Client' },
    { method: 'DELETE', path: one, answer: remove, status: 204, description: 'Delete a Client' },
  ]
}
