import { type AuthorizationServerMetadata, buildDiscoveryUrls } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { Fetch } from '../../diagnostics/probe.ts'
import { StepError } from '../failure.ts'
import type { StepResult } from '../step.ts'
import { readChallenge } from './challenge.ts'
import { fetchDocument } from './send-request.ts'

/** The parts of the resource metadata that a connection needs (RFC 9728 s2). */
export interface ProtectedResource {
  /** The `resource` parameter (RFC 8707); undefined for a server of 2025-03-26. */
  readonly resource: string | undefined
  readonly authorizationServer: string
  /** The scopes to request: those of the challenge, or else of the metadata. */
  readonly scopes: readonly string[]
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const protectedResource = z.looseObject({
  resource: z.string(),
  authorization_servers: z.array(z.url()).min(1),
  scopes_supported: z.array(z.string()).default([]),
})
const authorizationServer = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  registration_endpoint: z.url().optional(),
  response_types_supported: z.array(z.string()).default(['code']),
  scopes_supported: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()).default([]),
})

/**
 * Calls the endpoint without a token, and reads the document that the challenge names. Without such a
 * document, `fallsBackToOrigin` uses the origin as authorization server, like a 2025-03-26 client.
 *
 * @throws StepError
 */
export async function readProtectedResource(
  send: Fetch,
  url: string,
  fallsBackToOrigin = false,
): Promise<StepResult<ProtectedResource>> {
  const challenged = await readChallenge(send, url)
  const isOptional = fallsBackToOrigin && challenged.metadataUrl === undefined
  const watched = watch(send)
  const found = await findDocument(watched, url, challenged.metadataUrl).catch((error: unknown) => {
    if (isOptional && watched.isAbsent()) return undefined
    throw error
  })
  if (found === undefined) {
    const { origin } = new URL(url)
    const value = {
      resource: undefined,
      authorizationServer: origin,
      scopes: challenged.scopes ?? [],
    }
    return { value, seen: `no resource metadata, authorization server ${origin} (2025-03-26)` }
  }
  const { from, isFallback, document } = found
  const parsed = protectedResource.safeParse(document)
  if (!parsed.success) {
    throw new StepError('metadata_missing', `${from} is not protected resource metadata`)
  }
  const { resource, authorization_servers, scopes_supported: scopes } = parsed.data
  const { origin } = new URL(url)
  // The root's document describes the whole origin (RFC 9728 s3.1).
  const matchesResource =
    resource === url || (isFallback && [origin, `${origin}/`].includes(resource))
  if (!matchesResource) {
    throw new StepError('resource_mismatch', `resource is ${resource}, the URL is ${url}`)
  }
  const [authorizationServerUrl = ''] = authorization_servers
  const seen = [
    resource,
    `authorization server ${authorizationServerUrl}`,
    `scopes ${scopes.join(' ') || 'none'}`,
    challenged.seen,
    ...(challenged.metadataUrl === undefined ? [`metadata at ${from}`] : []),
  ]
  return {
    value: {
      resource,
      authorizationServer: authorizationServerUrl,
      // The challenge comes first (MCP 2025-11-25, authorization, scope selection strategy).
      scopes: challenged.scopes ?? scopes,
    },
    seen: seen.join(', '),
  }
}

/**
 * Returns the document that the challenge names, or the first well-known one: that of the path, then
 * that of the root (MCP 2025-11-25, authorization, s2.1.1).
 */
async function findDocument(watched: Watched, url: string, named: string | undefined) {
  const { origin, pathname } = new URL(url)
  const root = `${origin}${WELL_KNOWN}`
  const ofPath = pathname === '/' ? root : `${root}${pathname}`
  const read = async (from: string) => ({
    from,
    isFallback: from === root,
    document: await fetchDocument(watched.send, from, 'metadata_missing'),
  })
  if (named !== undefined) {
    return read(named).catch((error: unknown) => {
      throw ofAnotherOrigin(error, url, named) ?? error
    })
  }
  try {
    return await read(ofPath)
  } catch (error) {
    if (ofPath === root || !watched.isAbsent()) throw error
    return await read(root).catch(() => {
      throw error
    })
  }
}

/** Returns the fault of a challenge at `url` if it names metadata of another origin that cannot be read. */
function ofAnotherOrigin(error: unknown, url: string, named: string): StepError | undefined {
  const { origin } = new URL(url)
  const { origin: other } = new URL(named)
  if (origin === other || !(error instanceof StepError)) return undefined
  const seen = `the challenge of ${origin} names metadata of ${other}: ${error.message}`
  const details = { publicUrl: origin }
  return new StepError('challenge_resource_metadata_wrong', seen, { details })
}

/** What a client requires of an authorization server. */
export interface AuthorizationServerNeeds {
  /** Whether the origin is used because there is no resource metadata. */
  readonly isFallback: boolean
  readonly needsRegistration: (metadata: AuthorizationServerMetadata) => boolean
}

/**
 * Reads the authorization server's metadata and checks what ChatGPT requires. A server of 2025-03-26
 * (`isFallback`) may publish none; then returns the default endpoints of that revision.
 *
 * @throws StepError
 */
export async function readAuthorizationServer(
  send: Fetch,
  issuer: string,
  { isFallback, needsRegistration }: AuthorizationServerNeeds,
): Promise<StepResult<AuthorizationServerMetadata>> {
  const watched = watch(send)
  const document = await firstDocument(watched.send, issuer).catch((error: unknown) => {
    if (isFallback && watched.isAbsent()) return defaultEndpoints(issuer)
    throw error
  })
  const parsed = authorizationServer.safeParse(document)
  if (!parsed.success) {
    throw new StepError('issuer_unreachable', `${issuer} publishes no usable metadata`)
  }
  const metadata = parsed.data
  if (metadata.issuer !== issuer) {
    throw new StepError('issuer_mismatch', `issuer is ${metadata.issuer}, not ${issuer}`)
  }
  const methods = metadata.code_challenge_methods_supported
  if (!methods.includes('S256')) {
    throw new StepError(
      'pkce_s256_missing',
      `code_challenge_methods_supported: ${methods.join(' ') || 'none'}`,
    )
  }
  if (metadata.registration_endpoint === undefined && needsRegistration(metadata)) {
    throw new StepError('registration_endpoint_missing', `${issuer} has no registration_endpoint`)
  }
  const registration = metadata.registration_endpoint ?? 'no registration'
  return { value: metadata, seen: `${metadata.issuer}, S256, ${registration}` }
}

/** A `fetch` that records its last status. */
interface Watched {
  readonly send: Fetch
  /** Whether the last status was 4xx, so the document does not exist. */
  readonly isAbsent: () => boolean
}

function watch(send: Fetch): Watched {
  let status = 0
  return {
    send: async (...request) => {
      status = 0
      const response = await send(...request)
      status = response.status
      return response
    },
    isAbsent: () => status >= 400 && status < 500,
  }
}

/** MCP 2025-03-26, authorization, s2.3.3. */
function defaultEndpoints(origin: string) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
  }
}

/** Returns the first document at the discovery URLs of clients. */
async function firstDocument(send: Fetch, issuer: string) {
  let failure: unknown
  for (const { url } of buildDiscoveryUrls(issuer)) {
    try {
      return await fetchDocument(send, url.href, 'issuer_unreachable')
    } catch (error) {
      failure ??= error
    }
  }
  if (failure instanceof StepError && failure.id === 'url_unreachable') {
    throw new StepError('issuer_unreachable', failure.message)
  }
  throw failure
}
