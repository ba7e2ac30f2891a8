import { CALLBACK, type LocalTenant } from './local-tenant.ts'

/** The URL, and so the client id, of a metadata document (CIMD). */
export const DOCUMENT_URL = 'https://chatgpt.com/oauth/client.json'
/** The document that `publish` changes. */
export const DOCUMENT = {
  client_id: DOCUMENT_URL,
  client_name: 'ChatGPT',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** Publishes the metadata document of a client for this tenant, and imports it. */
export function metadataDocumentFor(tenant: LocalTenant) {
  return {
    publish: (changes: object) =>
      tenant.admin.change({ cimdDocuments: { [DOCUMENT_URL]: { ...DOCUMENT, ...changes } } }),
    import: () =>
      tenant.management.clients.registerCimdClient({ external_client_id: DOCUMENT_URL }),
  }
}
