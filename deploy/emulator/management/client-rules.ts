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

/** Checks a new strict client. @throws TenantError 400 for members that it cannot have. */
export function checkCreation(wanted: Changes): void {
  const { refresh_token: _, is_first_party: __, ...rest } = wanted
  parseBody(strictClientUpdate.loose(), rest)
  checkGrantTypes(wanted)
}

/**
 * Validates the changes of a client by its kind.
 *
 * @throws TenantError 400 for a change that its kind does not allow; if the tenant refuses promotions, the
 *   status in the trait `promotion`.
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

/**
 * Checks a promotion. Auth0 documents ownership as permanent, but its API accepts `is_first_party`. The
 * message is a guess.
 */
function checkPromotion({ traits: { promotion } }: TenantState, client: TenantClient): void {
  const message = 'A third-party client cannot become a first-party one'
  if (isStrict(client)) throw refuse(message)
  if (promotion === 'allowed') return
  if (promotion === 400) throw refuse(message)
  const code = promotion === 403 ? 'operation_not_supported' : 'client_conflict'
  throw new StagedError(promotion, code, `${message}.`)
}

/**
 * Checks the API of a client.
 *
 * @throws TenantError 400 if it does not exist or does not fit `app_type`.
 */
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

/** Allows `client_credentials` only for confidential clients that an administrator created. */
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
