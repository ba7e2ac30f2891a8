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
  /** All that the tools need. */
  readonly scopes: readonly string[]
}

/** Members that clients may use as the issuer has them; what is not here is not offered. */
const OF_ISSUER = [
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
const REQUIRED = ['authorization_endpoint', 'token_endpoint'] as const
const ISS_PARAMETER = 'authorization_response_iss_parameter_supported'
const SENDS_ISS = 'authorization_server_sends_iss'
const OFFLINE_ACCESS = 'offline_access'

/**
 * The issuer's discovery document as a document of `publicUrl` (RFC 8414 s2): its own endpoints, but
 * registration through this system, and no scopes but those that a client can be given. Keeps
 * `offline_access` if the issuer has it, or clients would have to sign in each time a token expires.
 *
 * @throws HttpError 502 for an issuer that sends `iss` (RFC 9207), or without the two endpoints.
 */
export function curate(
  document: AuthorizationServerMetadata,
  { publicUrl, scopes }: CuratedOptions,
): AuthorizationServerMetadata {
  if (document[ISS_PARAMETER] === true) {
    throw unusable(
      SENDS_ISS,
      'The authorization server sends "iss" (RFC 9207), so its metadata cannot be curated.',
    )
  }
  if (REQUIRED.some((name) => typeof document[name] !== 'string')) {
    throw unusable(
      'authorization_server_incomplete',
      "The authorization server's metadata lacks an endpoint.",
    )
  }
  return {
    issuer: publicUrl,
    ...Object.fromEntries(OF_ISSUER.map((name) => [name, document[name]])),
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
 * Resolves when curated metadata may be served. An issuer that cannot be reached does not stop the
 * function from starting: each document that is fetched later is checked as well.
 *
 * @throws ConfigError when what the issuer says cannot be curated.
 */
export async function checkIssuer(issuer: string, fetch: FetchJson, log: Log): Promise<void> {
  try {
    curate(await fetchDiscovery(fetch, issuer), { publicUrl: '', scopes: [] })
  } catch (error) {
    if (!(error instanceof HttpError)) {
      return log.warning('issuer_not_checked', { reason: failureReason(error) })
    }
    throw new ConfigError([
      error.code === SENDS_ISS
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
