import {
  type AuthorizationServerMetadata,
  buildDiscoveryUrls,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import { ask, describe, type Fetch, fetchDocument, isHtml } from './fetch-document.ts'
import type { Found } from './step.ts'
import { StepError } from './step-error.ts'

/** What the resource says of itself (RFC 9728 s2). */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServer: string
  readonly scopes: readonly string[]
}

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
 * Asks without a token, and reads the document that the challenge names.
 *
 * @throws StepError
 */
export async function readProtectedResource(
  send: Fetch,
  url: string,
): Promise<Found<ProtectedResource>> {
  const documentUrl = (await challengedDocument(send, url)) ?? wellKnown(url)
  const document = await fetchDocument(send, documentUrl, 'no_protected_resource')
  const parsed = protectedResource.safeParse(document)
  if (!parsed.success) {
    throw new StepError('no_protected_resource', `${documentUrl} is no such document`)
  }
  const { resource, authorization_servers, scopes_supported: scopes } = parsed.data
  if (resource !== url) {
    throw new StepError('resource_mismatch', `resource is ${resource}, the URL is ${url}`)
  }
  const [authorizationServerUrl = ''] = authorization_servers
  return {
    value: { resource, authorizationServer: authorizationServerUrl, scopes },
    seen: `${resource}, authorization server ${authorizationServerUrl}, scopes ${scopes.join(' ') || 'none'}`,
  }
}

/** The URL in the 401; undefined where the endpoint answers without a token. */
async function challengedDocument(send: Fetch, url: string): Promise<string | undefined> {
  const response = await ask(send, url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  await response.body?.cancel()
  if (isHtml(response)) throw new StepError('html', `POST ${url} answered ${describe(response)}`)
  if (response.status >= 300 && response.status < 400) {
    throw new StepError('redirected', `POST ${url} answered ${describe(response)}`)
  }
  if (response.status === 503) {
    throw new StepError('gateway_unavailable', `POST ${url} answered ${describe(response)}`)
  }
  if (response.status >= 500) {
    throw new StepError('protocol', `POST ${url} answered ${describe(response)}`)
  }
  if (response.status === 404 || response.status === 405) {
    throw new StepError('not_found', `POST ${url} answered ${describe(response)}`)
  }
  return extractWWWAuthenticateParams(response).resourceMetadataUrl?.href
}

/** RFC 9728 s3.1 */
function wellKnown(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
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
