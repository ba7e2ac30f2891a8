import type { Tool } from '@modelcontextprotocol/client'
import { isOpen, schemesOf } from './discovery/challenge.ts'

/** The tool to call without arguments, one that the token does not permit, or the reason for no call. */
export type ChosenTool =
  | { readonly tool: Tool }
  | { readonly refused: Tool }
  | { readonly skipped: string }

/** Returns whether the tool is marked as callable without a token. */
export function isPublic(tool: Tool): boolean {
  return isOpen(schemesOf(tool))
}

/** Returns whether the `granted` scopes permit the tool, according to its security schemes. */
export function isPermitted(tool: Tool, granted: readonly string[]): boolean {
  return isPublic(tool) || requiredScopes(tool).every((scope) => granted.includes(scope))
}

/**
 * Chooses the tool to call without arguments: one that the `granted` scopes permit, if possible a read-only
 * one, and among those if possible a protected one, which tests the token. There must be a tool.
 */
export function chooseTool(tools: readonly Tool[], granted: readonly string[]): ChosenTool {
  const permitted = tools.filter((tool) => isPermitted(tool, granted))
  const [refused] = tools
  if (refused !== undefined && permitted.length === 0) return { refused }
  const ready = permitted.filter(({ inputSchema }) => (inputSchema.required ?? []).length === 0)
  const readOnly = ready.filter(({ annotations }) => annotations?.readOnlyHint === true)
  const safest = readOnly.length > 0 ? readOnly : ready
  const tool = safest.find((one) => !isPublic(one)) ?? safest[0]
  if (tool !== undefined) return { tool }
  const which =
    permitted.length === tools.length ? 'every tool' : 'every tool that the token permits'
  return { skipped: `${which} requires arguments (name a call with --tool and --arguments)` }
}

/** Returns the scopes of the tool's security schemes. */
export function requiredScopes(tool: Tool): readonly string[] {
  return schemesOf(tool).flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes.map(String) : []))
}
