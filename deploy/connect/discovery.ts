import { type AuthorizationServerMetadata, buildDiscoveryUrls } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { readChallenge } from './challenge.ts'
import { type Fetch, fetchDocument } from './fetch-document.ts'
import type { Found } from './step.ts'
import { StepError } from './step-error.ts'

/** What the resource says of itself (RFC 9728 s2). */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServer: string
  /** What the client asks for: the scopes of the challenge, or else of the metadata. */
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
 * Asks without a token, and reads the document to which the challenge leads.
 *
 * @throws StepError
 */
export async function readProtectedResource(
  send: Fetch,
  url: string,
): Promise<Found<ProtectedResource>> {
  const challenged = await readChallenge(send, url)
  const { from, isOfOrigin, document } = await findDocument(send, url, challenged.metadataUrl)
  const parsed = protectedResource.safeParse(document)
  if (!parsed.success) {
    throw new StepError('no_protected_resource', `${from} is no such document`)
  }
  const { resource, authorization_servers, scopes_supported: scopes } = parsed.data
  const { origin } = new URL(url)
  // The root's document describes the whole origin (RFC 9728 s3.1).
  const isRight = resource === url || (isOfOrigin && [origin, `${origin}/`].includes(resource))
  if (!isRight) {
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
 * The document that the challenge names, or the first of the well-known ones: of the path, then of the
 * root (MCP 2025-11-25, authorization, s2.1.1).
 */
async function findDocument(send: Fetch, url: string, named: string | undefined) {
  const { origin, pathname } = new URL(url)
  const root = `${origin}${WELL_KNOWN}`
  const ofPath = pathname === '/' ? root : `${root}${pathname}`
  let status = 0
  const watched: Fetch = async (...request) => {
    const response = await send(...request)
    status = response.status
    return response
  }
  const read = async (from: string) => ({
    from,
    isOfOrigin: from === root,
    document: await fetchDocument(watched, from, 'no_protected_resource'),
  })
  if (named !== undefined) return read(named)
  try {
    return await read(ofPath)
  } catch (error) {
    if (ofPath === root || status < 400 || status >= 500) throw error
    return await read(root).catch(() => {
      throw error
    })
  }
}

/**
 * The authorization server's own metadata, held to what ChatGPT demands of it.
 *
 * @throws StepError
 */
export async function readAuthorizationServer(
  send: Fetch,
  issuer: string,
  isRegistrationNeeded: boolean,
): Promise<Found<AuthorizationServerMetadata>> {
  const document = await firstDocument(send, issuer)
  const parsed = authorizationServer.safeParse(document)
  if (!parsed.success) {
    throw new StepError('no_authorization_server', `${issuer} publishes no usable metadata`)
  }
  const metadata = parsed.data
  if (metadata.issuer !== issuer) {
    throw new StepError('issuer_mismatch', `issuer is ${metadata.issuer}, not ${issuer}`)
  }
  const methods = metadata.code_challenge_methods_supported
  if (!methods.includes('S256')) {
    throw new StepError(
      'no_s256',
      `code_challenge_methods_supported: ${methods.join(' ') || 'none'}`,
    )
  }
  if (isRegistrationNeeded && metadata.registration_endpoint === undefined) {
    throw new StepError('no_registration_endpoint', `${issuer} has no registration_endpoint`)
  }
  const registration = metadata.registration_endpoint ?? 'no registration'
  return { value: metadata, seen: `${metadata.issuer}, S256, ${registration}` }
}

/** The first of the places where clients look. */
async function firstDocument(send: Fetch, issuer: string) {
  let failure: unknown
  for (const { url } of buildDiscoveryUrls(issuer)) {
    try {
      return await fetchDocument(send, url.href, 'no_authorization_server')
    } catch (error) {
      failure ??= error
    }
  }
  if (failure instanceof StepError && failure.id === 'unreachable') {
    throw new StepError('no_authorization_server', failure.message)
  }
  throw failure
}
