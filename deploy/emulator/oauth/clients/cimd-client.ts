import { checkEntityLimit, type Marker, thirdPartyClient } from '../../client.ts'
import { TenantError } from '../../http.ts'
import type { TenantClient, TenantState } from '../../state.ts'
import { fetchMetadata, isDocumentUrl, mapMetadata } from './cimd.ts'

/** Returns the client of a metadata document; undefined if it does not exist. */
export function clientOfDocument({ clients }: TenantState, url: unknown): TenantClient | undefined {
  return [...clients.values()].find((client) => client.external_client_id === url)
}

/**
 * Creates or updates the client of a document. An update keeps members that the document does not set,
 * such as `refresh_token`.
 *
 * @throws TenantError 400 for a document that cannot be fetched or applied; 403 for one that requires
 *   another plan.
 */
export async function registerDocument(
  state: TenantState,
  url: string,
  createdBy: Marker['external_metadata_created_by'],
) {
  const fetched = await fetchMetadata(state, url)
  if ('error' in fetched) {
    const message = `The Client Metadata at ${url} could not be retrieved. ${fetched.error}`
    throw new TenantError(400, 'invalid_external_client_id', message)
  }
  const { mapped_fields, validation } = mapMetadata(url, fetched.document)
  if (!validation.valid) {
    const faults = validation.violations.join('; ')
    const message = `The Client Metadata document at ${url} cannot be applied. ${faults}`
    throw new TenantError(400, 'invalid_client_metadata', message)
  }
  checkPlan(state, mapped_fields)
  const previous = clientOfDocument(state, url)
  if (previous === undefined) checkEntityLimit(state)
  const { name, callbacks, grant_types, app_type } = mapped_fields
  const { token_endpoint_auth_method: method, logo_uri, description, jwks_uri } = mapped_fields
  const made = thirdPartyClient(
    state,
    { mode: 'strict', name, callbacks, grantTypes: grant_types, authMethod: 'none' },
    { external_metadata_type: 'cimd', external_metadata_created_by: createdBy },
  )
  const { token_endpoint_auth_method: _, ...withoutMethod } = { ...made, ...previous }
  const client: TenantClient = {
    ...withoutMethod,
    name,
    callbacks,
    grant_types,
    app_type,
    // A client with keys uses other authentication methods.
    ...(method === 'none' && { token_endpoint_auth_method: 'none' }),
    ...(logo_uri !== undefined && { logo_uri }),
    ...(description !== undefined && { description }),
    ...(jwks_uri !== undefined && { jwks_uri }),
    external_client_id: url,
    updated_at: new Date().toISOString(),
  }
  state.clients.set(client.client_id, client)
  return { client, mapped_fields, validation, isNew: previous === undefined }
}

/**
 * Checks the plan.
 *
 * @throws TenantError 403 with Auth0's message if it does not include `private_key_jwt`.
 */
export function checkPlan(
  { traits }: TenantState,
  { token_endpoint_auth_method }: { readonly token_endpoint_auth_method: string },
): void {
  if (traits.plan === 'enterprise' || token_endpoint_auth_method !== 'private_key_jwt') return
  const message = 'Please upgrade your subscription to use private_key_jwt.'
  throw new TenantError(403, 'insufficient_entitlement', message)
}

/**
 * Registers the client of an authorization request whose `client_id` is the URL of its document. In Auth0,
 * this feature is in early access and reads the document again at each request. Two details are guesses:
 * that the tenant's CIMD setting must be on, and that a client with an invalid document stays unknown.
 *
 * @returns The new client; undefined if none was created.
 */
export async function registerItself(
  state: TenantState,
  clientId: string,
): Promise<TenantClient | undefined> {
  const { traits, settings } = state
  const isOn = traits.cimdSelfRegistration && settings.client_id_metadata_document_supported
  if (isOn !== true || !isDocumentUrl(clientId)) return undefined
  const known = clientOfDocument(state, clientId)
  if (known !== undefined && known.external_metadata_created_by !== 'client') return undefined
  try {
    const { client, isNew } = await registerDocument(state, clientId, 'client')
    return isNew ? client : undefined
  } catch (error) {
    if (error instanceof TenantError) return undefined
    throw error
  }
}
