import { type HttpRequest, type HttpResponse, json } from '../../shared/http.ts'
import { HttpError } from '../../shared/http-error.ts'
import type { Catalogue, ToolDefinition } from '../../shared/tools.ts'
import { type OpenApiOptions, openApiDocument } from './openapi.ts'

/**
 * `GET /openapi.json`: the description of all tools, or with `?tools=a,b` of these.
 *
 * @throws HttpError 404 for a name that is no tool's, 400 for no name.
 */
export function createOpenApi(
  catalogue: Catalogue,
  options: OpenApiOptions,
): (request: HttpRequest) => HttpResponse {
  // Made when it is asked for: most instances never are.
  let whole: string | undefined
  return ({ query }) => {
    const given = new URLSearchParams(query).getAll('tools')
    if (given.length > 0) return json(200, openApiDocument(namedIn(catalogue, given), options))
    whole ??= JSON.stringify(openApiDocument(catalogue, options))
    return { ...json(200, undefined), body: whole }
  }
}

function namedIn(catalogue: Catalogue, given: readonly string[]): Catalogue {
  const names = new Set(given.flatMap((value) => value.split(',')).map((name) => name.trim()))
  names.delete('')
  if (names.size === 0) throw new HttpError(400, 'invalid_request', 'Name a tool: ?tools=a,b.')
  for (const name of names) {
    if (!catalogue.has(name)) throw new HttpError(404, 'unknown_tool', 'There is no such tool.')
  }
  const chosen = [...catalogue].filter(([name]): boolean => names.has(name))
  return new Map<string, ToolDefinition>(chosen)
}
