import { isObject, type JsonObject, stringsIn } from './document.ts'

/** Each tool with the scopes that it needs. */
export type ToolScopes = ReadonlyMap<string, readonly string[]>

/** The tools that a deployment's openapi.json describes; undefined when it is none. */
export function toolsIn(openApi: JsonObject | undefined): ToolScopes | undefined {
  if (!isObject(openApi?.['paths'])) return undefined
  return new Map(
    Object.entries(openApi['paths']).flatMap(([path, operations]) => {
      const name = /^\/tools\/([^/]+)$/.exec(path)?.[1]
      const operation = isObject(operations) ? operations['post'] : undefined
      if (name === undefined || !isObject(operation)) return []
      const needed = Array.isArray(operation['security']) ? operation['security'] : []
      return [[name, needed.flatMap(scopesOf)] as const]
    }),
  )
}

/** What the gateway takes for its own URL; undefined when openapi.json does not say. */
export function serverIn(openApi: JsonObject | undefined): unknown {
  const servers = openApi?.['servers']
  return Array.isArray(servers) && isObject(servers[0]) ? servers[0]['url'] : undefined
}

function scopesOf(requirement: unknown): readonly string[] {
  return isObject(requirement)
    ? Object.values(requirement).flatMap((one) => stringsIn(one) ?? [])
    : []
}

/** All scopes that any of the tools needs, sorted. */
export function catalogueScopesOf(tools: ToolScopes | undefined): readonly string[] {
  return [...new Set([...(tools?.values() ?? [])].flat())].sort()
}

/** Whether some tool may be called by anybody; undefined when the deployment does not tell. */
export function hasPublicTool(tools: ToolScopes | undefined): boolean | undefined {
  return tools === undefined ? undefined : [...tools.values()].some((scopes) => scopes.length === 0)
}
