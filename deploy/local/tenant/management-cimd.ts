import type { Management } from 'auth0'
import { z } from 'zod'
import { fetchMetadata, mapMetadata } from './cimd.ts'
import { checkEntityLimit, thirdPartyClient } from './client.ts'
import { TenantError } from './http.ts'
import { type ApiCall, parseBody, type Route, type Schemas } from './management-route.ts'
import type { TenantClient, TenantState } from './state.ts'

const request = z.strictObject({
  external_client_id: z.url(),
} satisfies Schemas<Management.RegisterCimdClientRequestContent>)

/** `/clients/cimd`: an administrator's import of a Client ID Metadata Document. */
export function cimdRoutes(state: TenantState): readonly Route[] {
  const known = (url: unknown): TenantClient | undefined =>
    [...state.clients.values()].find((client) => client.external_client_id === url)

  const preview = async ({
    body,
  }: ApiCall): Promise<Management.PreviewCimdMetadataResponseContent> => {
    const { external_client_id: url } = parseBody(request, body)
    const client_id = known(url)?.client_id
    const about = client_id === undefined ? {} : { client_id }
    const fetched = await fetchMetadata(state, url)
    if ('error' in fetched) return { ...about, errors: [fetched.error] }
    return { ...about, ...mapMetadata(url, fetched.document) }
  }
  const register = async ({
    body,
  }: ApiCall): Promise<Management.RegisterCimdClientResponseContent> => {
    const { external_client_id: url } = parseBody(request, body)
    const fetched = await fetchMetadata(state, url)
    if ('error' in fetched) throw new TenantError(400, 'invalid_external_client_id', fetched.error)
    const { mapped_fields, validation } = mapMetadata(url, fetched.document)
    if (!validation.valid) {
      throw new TenantError(400, 'invalid_client_metadata', validation.violations.join('; '))
    }
    const previous = known(url)
    if (previous === undefined) checkEntityLimit(state)
    const made = thirdPartyClient({
      mode: 'strict',
      name: mapped_fields.name,
      callbacks: mapped_fields.callbacks,
      grantTypes: mapped_fields.grant_types,
      // The one method of a document that this tenant takes.
      authMethod: 'none',
    })
    const { client_id, created_at } = previous ?? made
    const client: TenantClient = {
      ...made,
      client_id,
      ...(created_at !== undefined && { created_at }),
      ...(mapped_fields.logo_uri !== undefined && { logo_uri: mapped_fields.logo_uri }),
      external_client_id: url,
      external_metadata_type: 'cimd',
      external_metadata_created_by: 'admin',
    }
    state.clients.set(client_id, client)
    return { client_id, mapped_fields, validation }
  }
  const isNew = ({ body }: ApiCall) =>
    'external_client_id' in body && known(body.external_client_id) === undefined ? 201 : 200

  return [
    {
      method: 'POST',
      path: /^\/clients\/cimd\/preview$/,
      scopes: ['create:clients', 'update:clients'],
      answer: preview,
    },
    {
      method: 'POST',
      path: /^\/clients\/cimd\/register$/,
      scopes: ['create:clients', 'update:clients'],
      status: isNew,
      answer: register,
      description: 'Register a CIMD client',
    },
  ]
}
