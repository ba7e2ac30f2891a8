import type { z } from 'zod'
import { StagedError, TenantError } from '../http.ts'
import { findApi, isStrict } from '../oauth/access.ts'
import type { TenantClient, TenantState } from '../state.ts'
import {
  cimdClientUpdate,
  type clientCreate,
  clientUpdate,
  strictClientUpdate,
} from './client-schema.ts'
import { parseBody } from './route.ts'

type Changes = z.infer<typeof clientUpdate>

/** @throws TenantError 400 for what a strict client cannot be made with. */
export function checkCreation(wanted: Changes): void {
  const { refresh_token: _, is_first_party: __, ...rest } = wanted
  parseBody(strictClientUpdate.loose(), rest)
  checkGrantTypes(wanted)
}

/**
 * The changes of a client, by what it is.
 *
 * @throws TenantError 400 for what it cannot become; the staged status where a tenant promotes no
 *   third-party client.
 */
export function checkUpdate(state: TenantState, client: TenantClient, body: object): Changes {
  const isPromotion = 'is_first_party' in body && body.is_first_party === true
  if (isPromotion && client.is_first_party !== true) checkPromotion(state, client)
  if (!isStrict(client)) return parseBody(clientUpdate, body)
  const isImported = client.external_client_id !== undefined
  const changes = parseBody(isImported ? cimdClientUpdate : strictClientUpdate, body)
  checkGrantTypes({ ...client, ...changes })
  return changes
}

/** Auth0's documents call ownership permanent, its API has the member: the wording is a guess. */
function checkPromotion({ traits: { promotion } }: TenantState, client: TenantClient): void {
  const message = 'A third-party client cannot become a first-party one'
  if (isStrict(client)) throw refuse(message)
  if (promotion === 'allowed') return
  if (promotion === 400) throw refuse(message)
  const code = promotion === 403 ? 'operation_not_supported' : 'client_conflict'
  throw new StagedError(promotion, code, `${message}.`)
}

/** @throws TenantError 400 for a client of an API that there is not, or of none. */
export function checkResourceServer(
  state: TenantState,
  { app_type, resource_server_identifier: identifier }: z.infer<typeof clientCreate>,
): void {
  if ((app_type === 'resource_server') !== (identifier !== undefined)) {
    throw refuse('resource_server_identifier is for clients of app_type resource_server')
  }
  if (identifier === undefined || findApi(state, identifier) !== undefined) return
  throw refuse(`There is no resource server ${identifier}`)
}

/** `client_credentials` is for confidential clients that an administrator made. */
function checkGrantTypes(client: TenantClient | Changes): void {
  if (client.grant_types?.includes('client_credentials') !== true) return
  const isRegistered = 'external_metadata_type' in client
  if (isRegistered || client.token_endpoint_auth_method === 'none') {
    throw refuse('client_credentials is not for this client on property grant_types')
  }
}

function refuse(message: string): TenantError {
  return new TenantError(400, 'invalid_body', `Payload validation error: '${message}'.`)
}
