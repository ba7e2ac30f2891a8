import type { ServerLinks } from '../catalogue/server.ts'

/** The members of the protected resource metadata that this system publishes (RFC 9728 s2). */
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

/** The input of the document. `resource` and `authorizationServer` are published unchanged. */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServer: string
  readonly scopes: readonly string[]
  readonly name: string
  /** Pages about the resource for people, published unchanged. */
  readonly links?: ServerLinks | undefined
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
export const MCP_PATH = '/mcp'
/** The path at which clients register if the metadata is curated. */
export const REGISTRATION_PATH = '/oauth/register'
/** The path to which Auth0's log stream delivers. */
export const LOG_WEBHOOK_PATH = '/auth0-log-webhook'

/** All paths at which clients look for the document (RFC 9728 s3.1 and other layouts in use). */
export const PROTECTED_RESOURCE_PATHS: ReadonlySet<string> = new Set([
  WELL_KNOWN,
  `${WELL_KNOWN}${MCP_PATH}`,
  `${WELL_KNOWN}${MCP_PATH}/`,
  `${MCP_PATH}${WELL_KNOWN}`,
])

/** The paths of the resource at which clients look for the authorization server metadata. */
export const AUTHORIZATION_SERVER_PATHS = [
  '/.well-known/oauth-authorization-server',
  `/.well-known/oauth-authorization-server${MCP_PATH}`,
  `${MCP_PATH}/.well-known/oauth-authorization-server`,
  '/.well-known/openid-configuration',
  `/.well-known/openid-configuration${MCP_PATH}`,
  `${MCP_PATH}/.well-known/openid-configuration`,
] as const

/** Returns the default resource identifier: the URL of the MCP endpoint. */
export function defaultAudience(publicUrl: string): string {
  return `${publicUrl}${MCP_PATH}`
}

/**
 * Returns the metadata URL for challenges: the well-known URL with the path of the MCP endpoint
 * appended.
 */
export function protectedResourceMetadataUrl(publicUrl: string): string {
  return `${publicUrl}${WELL_KNOWN}${MCP_PATH}`
}

/**
 * Returns the protected resource metadata document. `scopes_supported` is sorted and has no duplicates. It
 * never contains `offline_access`, which only concerns the client and the authorization server.
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
