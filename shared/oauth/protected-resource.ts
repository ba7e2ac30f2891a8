import type { ServerLinks } from '../catalogue/server.ts'

/** RFC 9728 s2, the members that this system publishes. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
}

/** What the document is made of; `resource` and `authorizationServer` are published to the letter. */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServer: string
  readonly scopes: readonly string[]
  readonly name: string
  /** For people: pages about the resource, published to the letter. */
  readonly links?: ServerLinks | undefined
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
export const MCP_PATH = '/mcp'
/** Where clients register when the metadata is curated. */
export const REGISTRATION_PATH = '/oauth/register'
/** Where Auth0's log stream delivers. */
export const LOG_WEBHOOK_PATH = '/auth0-log-webhook'

/** Every path at which clients look for the document (RFC 9728 s3.1 and the layouts seen in use). */
export const PROTECTED_RESOURCE_PATHS: ReadonlySet<string> = new Set([
  WELL_KNOWN,
  `${WELL_KNOWN}${MCP_PATH}`,
  `${WELL_KNOWN}${MCP_PATH}/`,
  `${MCP_PATH}${WELL_KNOWN}`,
])

/** Where clients look for the authorization server's metadata at the resource itself. */
export const AUTHORIZATION_SERVER_PATHS = [
  '/.well-known/oauth-authorization-server',
  `/.well-known/oauth-authorization-server${MCP_PATH}`,
  `${MCP_PATH}/.well-known/oauth-authorization-server`,
  '/.well-known/openid-configuration',
  `/.well-known/openid-configuration${MCP_PATH}`,
  `${MCP_PATH}/.well-known/openid-configuration`,
] as const

/** The resource identifier when none is configured: the URL of the MCP endpoint. */
export function defaultAudience(publicUrl: string): string {
  return `${publicUrl}${MCP_PATH}`
}

/** Where a challenge sends the client: the path-inserted well-known URL of the MCP endpoint. */
export function protectedResourceMetadataUrl(publicUrl: string): string {
  return `${publicUrl}${WELL_KNOWN}${MCP_PATH}`
}

/**
 * The protected resource metadata document. `scopes_supported` is sorted, each scope once, and
 * never holds `offline_access`, which is between client and authorization server.
 */
export function protectedResourceMetadata(
  protectedResource: ProtectedResource,
): ProtectedResourceMetadata {
  const { documentation, policy, terms } = protectedResource.links ?? {}
  return {
    resource: protectedResource.resource,
    authorization_servers: [protectedResource.authorizationServer],
    scopes_supported: [...new Set(protectedResource.scopes)]
      .filter((scope) => scope !== 'offline_access')
      .sort(),
    bearer_methods_supported: ['header'],
    resource_name: protectedResource.name,
    ...(documentation !== undefined && { resource_documentation: documentation }),
    ...(policy !== undefined && { resource_policy_uri: policy }),
    ...(terms !== undefined && { resource_tos_uri: terms }),
  }
}
