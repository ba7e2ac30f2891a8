import type { TenantState } from '../state.ts'
import { OIDC_SCOPES } from './grant.ts'

/**
 * Returns the tenant's discovery document. Like Auth0's, it always contains all OIDC scopes and the
 * registration endpoint, even if registration is disabled. It announces RFC 9207's `iss` and CIMD only if
 * the settings enable them.
 */
export function discoveryDocument({ issuer, settings }: TenantState) {
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    registration_endpoint: `${issuer}oidc/register`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    scopes_supported: OIDC_SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'name', 'sub'],
    code_challenge_methods_supported: ['S256', 'plain'],
    request_uri_parameter_supported: false,
    request_parameter_supported: false,
    ...(settings.authorization_response_iss_parameter_supported === true && {
      authorization_response_iss_parameter_supported: true,
    }),
    ...(settings.client_id_metadata_document_supported === true && {
      client_id_metadata_document_supported: true,
    }),
  }
}
