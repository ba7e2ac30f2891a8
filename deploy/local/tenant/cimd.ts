import type { Management } from 'auth0'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import { parseJson } from './http.ts'
import type { Known, TenantState } from './state.ts'

const TIMEOUT_MS = 5_000
const MAX_CHARACTERS = 64 * 1024
const MAX_URL_BYTES = 120
const SECRET_METHODS = ['client_secret_post', 'client_secret_basic', 'client_secret_jwt']

const metadata = z.object({
  client_id: z.string(),
  client_name: z.string().min(1),
  redirect_uris: z.array(z.url()).min(1),
  grant_types: z.array(z.string()).default(['authorization_code', 'refresh_token']),
  token_endpoint_auth_method: z.string().default('none'),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  logo_uri: z.string().optional(),
  jwks_uri: z.string().optional(),
  client_secret: z.never().optional(),
})

interface Mapping {
  readonly mapped_fields: Known<Management.CimdMappedClientFields> & {
    name: string
    callbacks: string[]
    grant_types: string[]
  }
  readonly validation: Known<Management.CimdValidationResult>
}

/** The document at a URL, or the one that is staged for it; why there is none. */
export async function fetchMetadata(
  { faults }: TenantState,
  url: string,
): Promise<{ readonly document: unknown } | { readonly error: string }> {
  const staged = faults.cimdDocuments[url]
  if (staged !== undefined) return { document: staged }
  const { protocol, hostname, pathname } = new URL(url)
  if (protocol !== 'https:' && !isLoopback(hostname)) return { error: 'The URL must be https' }
  if (pathname === '/') return { error: 'The URL must have a path' }
  if (Buffer.byteLength(url) > MAX_URL_BYTES) return { error: `More than ${MAX_URL_BYTES} bytes` }
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (!response.ok) return { error: `The document's server answered ${response.status}` }
    const document = text.length > MAX_CHARACTERS ? undefined : parseJson(text)
    return document === undefined ? { error: 'The document is not JSON' } : { document }
  } catch {
    return { error: 'The document could not be fetched' }
  }
}

/** What of a document becomes a client, and what is wrong with it. */
export function mapMetadata(url: string, document: unknown): Mapping {
  const parsed = metadata.safeParse(document)
  const violations = parsed.success
    ? violationsOf(url, parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const given = parsed.data
  return {
    mapped_fields: {
      external_client_id: url,
      name: given?.client_name ?? '',
      app_type: 'regular_web',
      callbacks: given?.redirect_uris ?? [],
      grant_types: given?.grant_types ?? [],
      token_endpoint_auth_method: 'none',
      ...(given?.logo_uri !== undefined && { logo_uri: given.logo_uri }),
    },
    validation: { valid: violations.length === 0, violations, warnings: [] },
  }
}

function violationsOf(url: string, given: z.infer<typeof metadata>): string[] {
  const methods = given.token_endpoint_auth_methods_supported ?? [given.token_endpoint_auth_method]
  const forbidden = given.grant_types.filter(
    (grant) => grant !== 'authorization_code' && grant !== 'refresh_token',
  )
  return [
    ...(given.client_id === url ? [] : ['client_id: must be the URL of the document']),
    ...forbidden.map((grant) => `grant_types: ${grant} is not supported`),
    ...(methods.some((method) => SECRET_METHODS.includes(method))
      ? ['token_endpoint_auth_method: must not need a shared secret']
      : []),
    // Auth0 takes `private_key_jwt` on its Enterprise plan alone.
    ...(methods.includes('none') ? [] : ['token_endpoint_auth_method: must be none on this plan']),
  ]
}
