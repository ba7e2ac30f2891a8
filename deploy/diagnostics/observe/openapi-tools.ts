import { type AccessRule, isOpen } from '../../../shared/catalogue/access.ts'
import { isObject, type JsonObject, stringsIn } from '../probe-result.ts'

/** Who may call each tool. */
export type ToolScopes = ReadonlyMap<string, AccessRule>

/** The tools in a deployment's openapi.json; undefined when it has no paths. */
export function toolsIn(openApi: JsonObject | undefined): ToolScopes | undefined {
  if (!isObject(openApi?.['paths'])) return undefined
  return new Map(
    Object.entries(openApi['paths']).flatMap(([path, operations]) => {
      const name = /^\/tools\/([^/]+)$/.exec(path)?.[1]
      const operation = isObject(operations) ? operations['post'] : undefined
      if (name === undefined || !isObject(operation)) return []
      return [[name, ruleOf(operation['security'])] as const]
    }),
  )
}

/** The gateway's own URL by its openapi.json; undefined when it names none. */
export function serverIn(openApi: JsonObject | undefined): unknown {
  const servers = openApi?.['servers']
  return Array.isArray(servers) && isObject(servers[0]) ? servers[0]['url'] : undefined
}

/** An empty requirement among others makes sign-in optional (OpenAPI 3.1 s4.8.10). */
function ruleOf(security: unknown): AccessRule {
  const requirements: readonly unknown[] = Array.isArray(security) ? security : []
  const scopes = requirements.flatMap(scopesOf)
  if (!requirements.some(requiresSignIn)) return { access: 'public', scopes }
  return { access: requirements.every(requiresSignIn) ? 'signed-in' : 'optional', scopes }
}

function requiresSignIn(requirement: unknown): boolean {
  return isObject(requirement) && Object.keys(requirement).length > 0
}

function scopesOf(requirement: unknown): readonly string[] {
  return isObject(requirement)
    ? Object.values(requirement).flatMap((one) => stringsIn(one) ?? [])
    : []
}

/** All scopes that any of the tools names, sorted. */
export function catalogueScopesOf(tools: ToolScopes | undefined): readonly string[] {
  return [...new Set([...(tools?.values() ?? [])].flatMap(({ scopes }) => scopes))].sort()
}

/** Whether some tool may be called without signing in; undefined when the tools are unknown. */
export function hasPublicTool(tools: ToolScopes | undefined): boolean | undefined {
  return tools === undefined ? undefined : [...tools.values()].some(isOpen)
}

/** The name of a tool that needs a sign-in; undefined when there is none. */
export function protectedToolIn(tools: ToolScopes | undefined): string | undefined {
  return [...(tools ?? [])].find(([, rule]) => !isOpen(rule))?.[0]
}
