import { createHash } from 'node:crypto'
import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client'
import type { Fetch } from '../../diagnostics/probe.ts'
import type { Imitation, Redirect } from './imitations.ts'

const SERVER_ID_BYTES = 9
const ISS_SUPPORTED = 'authorization_response_iss_parameter_supported'
const CIMD_SUPPORTED = 'client_id_metadata_document_supported'

type Metadata = AuthorizationServerMetadata & Readonly<Record<string, unknown>>

/** Wraps `fetch` to send this `User-Agent`, unless a request already sets one. */
export function withUserAgent(send: Fetch, userAgent: string | undefined): Fetch {
  if (userAgent === undefined) return send
  return (input, init) => {
    const headers = new Headers(init?.headers)
    if (!headers.has('user-agent')) headers.set('user-agent', userAgent)
    return send(input, { ...init, headers })
  }
}

/** Returns the redirect URIs of a client at this authorization server. */
export function redirectOf(imitation: Imitation, metadata: Metadata): Redirect {
  const stable = metadata[ISS_SUPPORTED] === true ? imitation.withIss : undefined
  return stable?.redirect ?? imitation.redirect
}

/**
 * Returns the URL of the client's metadata document, which is its client id if the authorization server
 * supports such documents. Undefined if the client registers.
 */
export function metadataDocumentOf(
  imitation: Imitation | undefined,
  metadata: Metadata,
  url: string,
): string | undefined {
  if (metadata[CIMD_SUPPORTED] !== true || imitation === undefined) return undefined
  const stable = metadata[ISS_SUPPORTED] === true ? imitation.withIss : undefined
  return (stable?.metadataDocument ?? imitation.metadataDocument)?.replace('{id}', serverId(url))
}

/** Fills the port and the server's id into a redirect URI. */
export function fillIn(uri: string, port: number, url: string): string {
  return uri.replace('{port}', String(port)).replace('{id}', serverId(url))
}

/** Returns the id that Codex derives from the server's URL. ChatGPT uses its own ids; this is a placeholder for them. */
export function serverId(url: string): string {
  const address = new URL(url)
  address.hash = ''
  return createHash('sha256')
    .update(address.href)
    .digest()
    .subarray(0, SERVER_ID_BYTES)
    .toString('base64url')
}
