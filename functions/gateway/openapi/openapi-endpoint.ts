import { type HttpRequest, type HttpResponse, json } from '../../../shared/http/http.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import { createDescribe, type Describe, type OpenApiOptions } from './openapi.ts'

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
  let describe: Describe | undefined
  let whole: string | undefined
  return ({ query }) => {
    const given = new URLSearchParams(query).getAll('tools')
    const names = given.length > 0 ? namesIn(catalogue, given) : undefined
    describe ??= createDescribe(catalogue, options)
    if (names !== undefined) return json(200, describe(names))
    whole ??= JSON.stringify(describe())
    return { ...json(200, undefined), body: whole }
  }
}

function namesIn(catalogue: Catalogue, given: readonly string[]): ReadonlySet<string> {
  const names = new Set(given.flatMap((value) => value.split(',')).map((name) => name.trim()))
  names.delete('')
  if (names.size === 0) throw new HttpError(400, 'invalid_request', 'Name a tool: ?tools=a,b.')
  for (const name of names) {
    if (!catalogue.has(name)) throw new HttpError(404, 'unknown_tool', 'There is no such tool.')
  }
  return names
}
