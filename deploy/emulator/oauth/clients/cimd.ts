import type { Management } from 'auth0'
import { z } from 'zod'
import { parseJson } from '../../http.ts'
import type { Known } from '../../package-types.ts'
import type { TenantState } from '../../state.ts'

const TIMEOUT_MS = 5_000
const MAX_BYTES = 5 * 1024
export const MAX_URL_BYTES = 120
const MAX_DESCRIPTION = 140
const GRANT_TYPES = ['authorization_code', 'refresh_token']
const AUTH_METHODS = ['none', 'private_key_jwt']
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** The members of a document that Auth0 reads. Other members cause a warning. */
const metadata = z.looseObject({
  client_id: z.string(),
  client_name: z.string().min(1),
  redirect_uris: z.array(z.url()).default([]),
  grant_types: z.array(z.string()),
  application_type: z.enum(['native', 'web']).default('web'),
  token_endpoint_auth_method: z.string().default('none'),
  jwks_uri: z.url().optional(),
  logo_uri: z.url({ protocol: /^https?$/ }).optional(),
  description: z.string().max(MAX_DESCRIPTION).optional(),
  response_types: z.array(z.string()).optional(),
})
type Document = z.infer<typeof metadata>

const UNSUPPORTED = ['jwks', 'client_secret']

interface Mapping {
  readonly mapped_fields: Known<Management.CimdMappedClientFields> & {
    name: string
    callbacks: string[]
    grant_types: string[]
    app_type: 'native' | 'regular_web'
    token_endpoint_auth_method: 'none' | 'private_key_jwt'
  }
  readonly validation: Known<Management.CimdValidationResult>
}

/** Fetches the document at a URL, or returns the injected one. Returns the reason if there is none. */
export async function fetchMetadata(
  { faults }: TenantState,
  url: string,
): Promise<{ readonly document: unknown } | { readonly error: string }> {
  const fault = faultOfUrl(url)
  if (fault !== undefined) return { error: fault }
  const staged = faults.cimdDocuments[url]
  if (staged !== undefined) return readDocument(JSON.stringify(staged))
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (!response.ok) return { error: `The server of the document returned ${response.status}` }
    return readDocument(text)
  } catch {
    return { error: 'The document could not be fetched' }
  }
}

/** Returns whether a `client_id` is the URL of a document. */
export function isDocumentUrl(clientId: string): boolean {
  return clientId.startsWith('https://')
}

function readDocument(text: string): { document: unknown } | { error: string } {
  if (Buffer.byteLength(text) > MAX_BYTES) return { error: 'The document exceeds 5 KB' }
  const document = parseJson(text)
  return document === undefined ? { error: 'The document is not JSON' } : { document }
}

/** Returns the fault of a document URL by Auth0's rules; undefined if it is valid. */
function faultOfUrl(given: string): string | undefined {
  const url = URL.parse(given)
  if (url === null || given !== given.trim()) return 'The URL is not valid'
  if (url.protocol !== 'https:') return 'The URL must be https'
  if (LOOPBACK.test(url.hostname)) return 'The URL must not be on loopback'
  if (url.pathname === '/') return 'The URL must have a path'
  if (Buffer.byteLength(given) > MAX_URL_BYTES)
    return `The URL must not exceed ${MAX_URL_BYTES} bytes`
  if (url.username + url.password !== '' || /[?#]/.test(given)) {
    return 'The URL must have no credentials, no query and no fragment'
  }
  return /\/(\.|%2e){1,2}(\/|$)/i.test(given) ? 'The URL must have no dot segments' : undefined
}

/** Returns the client members of a document, its violations, and warnings about ignored members. */
export function mapMetadata(url: string, document: unknown): Mapping {
  const parsed = metadata.safeParse(document, { reportInput: true })
  const violations = parsed.success
    ? violationsOf(url, parsed.data)
    : parsed.error.issues.map(describe)
  const given = parsed.data
  const grants = given?.grant_types ?? []
  return {
    mapped_fields: {
      external_client_id: url,
      name: given?.client_name ?? '',
      app_type: given?.application_type === 'native' ? 'native' : 'regular_web',
      callbacks: given?.redirect_uris ?? [],
      grant_types: grants.filter((grant) => GRANT_TYPES.includes(grant)),
      token_endpoint_auth_method:
        given?.token_endpoint_auth_method === 'private_key_jwt' ? 'private_key_jwt' : 'none',
      ...(given?.logo_uri !== undefined && { logo_uri: given.logo_uri }),
      ...(given?.description !== undefined && { description: given.description }),
      ...(given?.jwks_uri !== undefined && { jwks_uri: given.jwks_uri }),
    },
    validation: {
      valid: violations.length === 0,
      violations,
      warnings: given === undefined ? [] : warningsOf(given),
    },
  }
}

/** Returns the violation for an issue. Its text is a guess. */
function describe({ path, message, ...issue }: z.core.$ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  return isMissing ? `${path.join('.')} is missing` : `${path.join('.')}: ${message}`
}

function violationsOf(url: string, given: Document): string[] {
  const { token_endpoint_auth_method: method, grant_types, redirect_uris } = given
  const needsUri = grant_types.includes('authorization_code') || grant_types.includes('implicit')
  const isSameOrigin = new URL(url).origin === URL.parse(given.jwks_uri ?? '')?.origin
  return [
    ...(given.client_id === url ? [] : ['client_id: must be the URL of the document']),
    ...(grant_types.some((grant) => GRANT_TYPES.includes(grant))
      ? []
      : ['grant_types: must have authorization_code or refresh_token']),
    ...(needsUri && redirect_uris.length === 0 ? ['redirect_uris: must have one'] : []),
    ...redirect_uris
      .filter((uri) => !isAllowed(uri, given.application_type))
      .map((uri) => `redirect_uris: ${uri} must be https`),
    ...(AUTH_METHODS.includes(method)
      ? []
      : ['token_endpoint_auth_method: must be none or private_key_jwt']),
    ...(method === 'private_key_jwt' && !isSameOrigin
      ? ['jwks_uri: must have the same origin as client_id']
      : []),
    ...UNSUPPORTED.filter((name) => name in given).map((name) => `${name}: is not supported`),
  ]
}

/** Returns whether a redirect URI is https, or on loopback for a native application. */
function isAllowed(uri: string, applicationType: Document['application_type']): boolean {
  const { protocol, hostname } = new URL(uri)
  return protocol === 'https:' || (applicationType === 'native' && LOOPBACK.test(hostname))
}

function warningsOf({ grant_types, ...given }: Document): string[] {
  const known = new Set([...Object.keys(metadata.shape), ...UNSUPPORTED])
  return [
    ...grant_types
      .filter((grant) => !GRANT_TYPES.includes(grant))
      .map((grant) => `Grant type not supported: '${grant}'`),
    ...Object.keys(given)
      .filter((name) => !known.has(name))
      .map((name) => `Property not supported: '${name}'`),
  ]
}
