import type { Tool } from '@modelcontextprotocol/client'
import { isOpen, schemesOf } from './discovery/challenge.ts'

/** The tool to call without arguments, or the reason for not calling one. */
export type ChosenTool = { readonly tool: Tool } | { readonly skipped: string }

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
 * one, and among those if possible a protected one, which tests the token. Chooses none if there are
 * protected tools and the token permits none of them.
 */
export function chooseTool(tools: readonly Tool[], granted: readonly string[]): ChosenTool {
  const permitted = tools.filter((tool) => isPermitted(tool, granted))
  const refused = tools.find((tool) => !isPermitted(tool, granted))
  if (refused !== undefined && permitted.every(isPublic)) {
    const required = requiredScopes(refused).join(' ')
    const skipped = `the token permits no protected tool (scope ${granted.join(' ') || 'none'}; ${refused.name} requires ${required})`
    return { skipped }
  }
  const ready = permitted.filter(({ inputSchema }) => (inputSchema.required ?? []).length === 0)
  const readOnly = ready.filter(({ annotations }) => annotations?.readOnlyHint === true)
  const safest = readOnly.length > 0 ? readOnly : ready
  const tool = safest.find((one) => !isPublic(one)) ?? safest[0]
  if (tool !== undefined) return { tool }
  const which = refused === undefined ? 'every tool' : 'every tool that the token permits'
  return { skipped: `${which} requires arguments (name a call with --tool and --arguments)` }
}

/** Returns the scopes of the tool's security schemes. */
function requiredScopes(tool: Tool): readonly string[] {
  return schemesOf(tool).flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes.map(String) : []))
}
