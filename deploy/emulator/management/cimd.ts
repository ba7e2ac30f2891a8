import type { Management } from 'auth0'
import { z } from 'zod'
import { newClient } from '../client.ts'
import { fetchMetadata, MAX_URL_BYTES, mapMetadata } from '../oauth/clients/cimd.ts'
import { checkPlan, clientOfDocument, registerDocument } from '../oauth/clients/cimd-client.ts'
import type { TenantState } from '../state.ts'
import { type ApiCall, parseBody, type Route, type Schemas } from './route.ts'

const request = z.strictObject({
  external_client_id: z.url().max(MAX_URL_BYTES),
} satisfies Schemas<Management.RegisterCimdClientRequestContent>)

/** The endpoints at `/clients/cimd`, by which an administrator imports a Client ID Metadata Document. */
export function cimdRoutes(state: TenantState): readonly Route[] {
  const preview = async ({
    body,
  }: ApiCall): Promise<Management.PreviewCimdMetadataResponseContent> => {
    const { external_client_id: url } = parseBody(request, body)
    const client_id = clientOfDocument(state, url)?.client_id
    const about = client_id === undefined ? {} : { client_id }
    const fetched = await fetchMetadata(state, url)
    if ('error' in fetched) return { ...about, errors: [fetched.error] }
    const mapping = mapMetadata(url, fetched.document)
    checkPlan(state, mapping.mapped_fields)
    return { ...about, ...mapping }
  }
  const register = async (call: ApiCall): Promise<Management.RegisterCimdClientResponseContent> => {
    const { external_client_id: url } = parseBody(request, call.body)
    const { cimdViolations } = state.faults
    if (cimdViolations.length > 0) {
      const { client_id = newClient('', false, true).client_id, ...mapping } = await preview(call)
      const validation = { valid: false, violations: [...cimdViolations], warnings: [] }
      return { client_id, mapped_fields: mapping.mapped_fields ?? {}, validation }
    }
    const { client, mapped_fields, validation } = await registerDocument(state, url, 'admin')
    return { client_id: client.client_id, mapped_fields, validation }
  }
  const isNew = ({ body }: ApiCall) =>
    'external_client_id' in body && clientOfDocument(state, body.external_client_id) === undefined
      ? 201
      : 200

  return [
    {
      method: 'POST',
      path: '/clients/cimd/preview',
      scopes: ['create:clients', 'update:clients'],
      answer: preview,
    },
    {
      method: 'POST',
      path: '/clients/cimd/register',
      scopes: ['create:clients', 'update:clients'],
      status: isNew,
      answer: register,
      description: 'Register a CIMD client',
    },
  ]
}
