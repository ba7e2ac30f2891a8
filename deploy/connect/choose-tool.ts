import type { Tool } from '@modelcontextprotocol/client'
import { isOpen, schemesOf } from './discovery/challenge.ts'

/** Returns whether the tool is marked as callable without a token. */
export function isPublic(tool: Tool): boolean {
  return isOpen(schemesOf(tool))
}

/** Returns the scopes of the tool's security schemes. */
export function requiredScopes(tool: Tool): readonly string[] {
  return schemesOf(tool).flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes.map(String) : []))
}

/**
 * Returns the tool to call without arguments: one that the `granted` scopes permit, if possible a read-only
 * one, and among those if possible a protected one, which tests the token. Returns undefined if the token
 * permits none. Does not check whether `tools` require arguments.
 */
export function chooseTool(tools: readonly Tool[], granted: readonly string[]): Tool | undefined {
  const permitted = tools.filter(
    (tool) => isPublic(tool) || requiredScopes(tool).every((scope) => granted.includes(scope)),
  )
  const readOnly = permitted.filter(({ annotations }) => annotations?.readOnlyHint === true)
  const safest = readOnly.length > 0 ? readOnly : permitted
  return safest.find((tool) => !isPublic(tool)) ?? safest[0]
}
