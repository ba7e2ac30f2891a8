import '../../shared/schema-messages.ts'

import * as z from 'zod/mini'
import type { RedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { HttpError } from '../../shared/http/http-error.ts'
import { parseJson } from '../../shared/json.ts'
import { hasUnseen } from '../../shared/log/printable.ts'

/**
 * The client metadata that is registered (RFC 7591 s2). All other members of a request are ignored.
 */
export interface ClientMetadata {
  readonly client_name: string
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly string[]
  readonly response_types: readonly ['code']
  /** Independent of the request, because the curated metadata offers no other method. */
  readonly token_endpoint_auth_method: 'none'
}

const MAX_REDIRECT_URIS = 10
const MAX_NAME_CHARACTERS = 256
const GRANT_TYPES = ['authorization_code', 'refresh_token']

const strings = z.array(z.string().check(z.maxLength(256))).check(z.maxLength(20))
const request = z.looseObject({
  redirect_uris: z
    .array(z.string().check(z.maxLength(2_048)))
    .check(z.minLength(1), z.maxLength(MAX_REDIRECT_URIS)),
  client_name: z._default(
    z.string().check(
      z.trim(),
      z.minLength(1),
      z.maxLength(MAX_NAME_CHARACTERS),
      // Auth0 rejects names with angle brackets. The name appears on the consent page.
      z.regex(/^[^<>]*$/, 'must not contain angle brackets'),
      z.refine(
        (name) => !hasUnseen(name),
        'must not contain control, format or invisible characters',
      ),
    ),
    'MCP client',
  ),
  // RFC 7591 s2 defines these defaults.
  grant_types: z._default(strings, GRANT_TYPES),
  response_types: z._default(strings, ['code']),
  token_endpoint_auth_method: z.optional(z.string()),
  application_type: z.optional(z.string()),
  scope: z.optional(z.string()),
})

/**
 * Parses a registration request (RFC 7591 s3.1). Unsupported grant types are dropped, as s3.2.1
 * allows; the response lists the registered ones.
 *
 * @throws HttpError 400 `invalid_redirect_uri` for a malformed redirect URI or one that
 * `mayRedirectTo` does not allow, and `invalid_client_metadata` for any other fault.
 */
export function parseClientMetadata(
  body: Buffer,
  mayRedirectTo: RedirectUriPolicy,
): ClientMetadata {
  const parsed = request.safeParse(parseBody(body))
  if (!parsed.success) throw toHttpError(parsed.error)
  const { redirect_uris, client_name, grant_types, response_types } = parsed.data
  if (!mayRedirectTo(redirect_uris)) {
    throw invalidRedirectUri('A redirect URI is not allowed.', 'foreign')
  }
  if (!grant_types.includes('authorization_code')) {
    throw invalidMetadata('grant_types: must include authorization_code')
  }
  if (!response_types.includes('code')) throw invalidMetadata('response_types: must include code')
  return {
    client_name,
    redirect_uris,
    grant_types: GRANT_TYPES.filter((grant) => grant_types.includes(grant)),
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}

function parseBody(body: Buffer): unknown {
  const parsed = parseJson(body)
  if (parsed === undefined) throw invalidMetadata('The body is not JSON.')
  return parsed.value
}

/** Names the invalid members and states why, without their values. */
function toHttpError({ issues }: z.core.$ZodError): HttpError {
  const messages = issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  const isRedirectUri = issues.some(({ path }) => path[0] === 'redirect_uris')
  const description = messages.slice(0, 5).join('; ')
  return isRedirectUri ? invalidRedirectUri(description, 'malformed') : invalidMetadata(description)
}

function invalidRedirectUri(description: string, reason: string): HttpError {
  return new HttpError(400, 'invalid_redirect_uri', description, {
    reason: `redirect_uri_${reason}`,
  })
}

function invalidMetadata(description: string): HttpError {
  return new HttpError(400, 'invalid_client_metadata', description, {
    reason: 'client_metadata_invalid',
  })
}
