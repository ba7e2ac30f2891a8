import { ConfigError } from '../../shared/config.ts'
import type { FetchJson } from '../../shared/http/fetch-json.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import type { Log } from '../../shared/log.ts'
import { REGISTRATION_PATH } from '../../shared/oauth/protected-resource.ts'
import {
  type AuthorizationServerMetadata,
  failureReason,
  fetchDiscovery,
} from './authorization-server.ts'

export interface CuratedOptions {
  readonly publicUrl: string
  /** All scopes that the tools need. */
  readonly scopes: readonly string[]
}

/** The members that are copied from the issuer's document. All others are omitted. */
const COPIED_MEMBERS = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'response_modes_supported',
  // OpenID Connect Discovery s3 requires these two.
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
] as const
const REQUIRED_ENDPOINTS = ['authorization_endpoint', 'token_endpoint'] as const
const ISS_PARAMETER = 'authorization_response_iss_parameter_supported'
const ISSUER_SENDS_ISS = 'authorization_server_sends_iss'
const OFFLINE_ACCESS = 'offline_access'

/**
 * Returns the issuer's discovery document as one of `publicUrl` (RFC 8414 s2). It keeps the
 * issuer's endpoints, except that clients register at this system, and lists only scopes that a
 * client can be granted. It includes `offline_access` if the issuer lists it, because clients would
 * otherwise have to sign in again whenever a token expires.
 *
 * @throws HttpError 502 if the issuer sends `iss` (RFC 9207), or if its document lacks one of the
 * two required endpoints.
 */
export function curate(
  document: AuthorizationServerMetadata,
  { publicUrl, scopes }: CuratedOptions,
): AuthorizationServerMetadata {
  if (document[ISS_PARAMETER] === true) {
    throw unusable(
      ISSUER_SENDS_ISS,
      'The authorization server sends "iss" (RFC 9207), so its metadata cannot be curated.',
    )
  }
  if (REQUIRED_ENDPOINTS.some((name) => typeof document[name] !== 'string')) {
    throw unusable(
      'authorization_server_incomplete',
      "The authorization server's metadata lacks an endpoint.",
    )
  }
  return {
    issuer: publicUrl,
    ...Object.fromEntries(COPIED_MEMBERS.map((name) => [name, document[name]])),
    registration_endpoint: `${publicUrl}${REGISTRATION_PATH}`,
    scopes_supported: [
      ...new Set([...scopes, ...(hasOfflineAccess(document) ? [OFFLINE_ACCESS] : [])]),
    ].sort(),
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
  }
}

/**
 * Checks at start whether the issuer's metadata can be curated. If the issuer cannot be reached,
 * logs a warning and resolves, because each document that is fetched later is checked as well.
 *
 * @throws ConfigError if the issuer's metadata cannot be curated.
 */
export async function checkIssuer(issuer: string, fetch: FetchJson, log: Log): Promise<void> {
  try {
    curate(await fetchDiscovery(fetch, issuer), { publicUrl: '', scopes: [] })
  } catch (error) {
    if (!(error instanceof HttpError)) {
      return log.warning('issuer_not_checked', { reason: failureReason(error) })
    }
    throw new ConfigError([
      error.code === ISSUER_SENDS_ISS
        ? `AUTH_SERVER_METADATA must not be curated while the issuer advertises ${ISS_PARAMETER}: ` +
          'clients compare the iss that Auth0 sends with PUBLIC_URL and refuse it (RFC 9207). Such a ' +
          'tenant does not need curated metadata: one predefined client serves every connection of ' +
          'ChatGPT, without registration and without a log stream (npm run provision -- --predefined ' +
          '--apply). Set AUTH_SERVER_METADATA to issuer'
        : `AUTH_SERVER_METADATA cannot be curated: ${error.message}`,
    ])
  }
}

function unusable(code: string, message: string): HttpError {
  return new HttpError(502, code, message, { reason: code })
}

function hasOfflineAccess({ scopes_supported: scopes }: AuthorizationServerMetadata): boolean {
  return Array.isArray(scopes) && scopes.includes(OFFLINE_ACCESS)
}
