import { isObject, type JsonObject, stringsIn } from './document.ts'

/** Each tool with the scopes that it needs. */
export type ToolScopes = ReadonlyMap<string, readonly string[]>

/** The tools that a deployment's openapi.json describes; undefined when it is none. */
export function toolsIn(openApi: JsonObject | undefined): ToolScopes | undefined {
  const operations = operationsIn(openApi)
  return operations && new Map(operations.map(([name, { security }]) => [name, scopesIn(security)]))
}

/** What the gateway takes for its own URL; undefined when openapi.json does not say. */
export function serverIn(openApi: JsonObject | undefined): unknown {
  const servers = openApi?.['servers']
  return Array.isArray(servers) && isObject(servers[0]) ? servers[0]['url'] : undefined
}

function scopesIn(security: unknown): readonly string[] {
  if (!Array.isArray(security) || isOpen(security)) return []
  return security.flatMap((one) =>
    Object.values(Object(one)).flatMap((scopes) => stringsIn(scopes) ?? []),
  )
}

/** All scopes that any of the tools needs, sorted. */
export function catalogueScopesOf(tools: ToolScopes | undefined): readonly string[] {
  return [...new Set([...(tools?.values() ?? [])].flat())].sort()
}

/** Whether some tool may be called by anybody; undefined when the deployment does not tell. */
export function hasPublicTool(openApi: JsonObject | undefined): boolean | undefined {
  return operationsIn(openApi)?.some(([, { security }]) => isOpen(security))
}

function operationsIn(openApi: JsonObject | undefined): [name: string, JsonObject][] | undefined {
  if (!isObject(openApi?.['paths'])) return undefined
  return Object.entries(openApi['paths']).flatMap(([path, operations]): [string, JsonObject][] => {
    const name = /^\/tools\/([^/]+)$/.exec(path)?.[1]
    const operation = isObject(operations) ? operations['post'] : undefined
    return name === undefined || !isObject(operation) ? [] : [[name, operation]]
  })
}

/** OpenAPI 3.1 s4.8.30: no requirement, or an empty one among them, lets anybody call. */
function isOpen(security: unknown): boolean {
  const requirements = Array.isArray(security) ? security : []
  return (
    requirements.length === 0 || requirements.some((one) => Object.keys(Object(one)).length === 0)
  )
}
