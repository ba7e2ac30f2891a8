import { type HttpRequest, type HttpResponse, json } from '../../../shared/http/http.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import type { Catalogue } from '../../../shared/tools.ts'
import { createDescribe, type Describe, type OpenApiOptions } from './openapi.ts'

/**
 * Handles `GET /openapi.json`, which describes all tools, or with `?tools=a,b` only these.
 *
 * @throws HttpError 404 for an unknown tool, and 400 if `tools` is empty.
 */
export function createOpenApi(
  catalogue: Catalogue,
  options: OpenApiOptions,
): (request: HttpRequest) => HttpResponse {
  // Created by the first request, because most instances never get one.
  let describe: Describe | undefined
  let whole: string | undefined
  return ({ query }) => {
    const values = new URLSearchParams(query).getAll('tools')
    const names = values.length > 0 ? namesIn(catalogue, values) : undefined
    describe ??= createDescribe(catalogue, options)
    if (names !== undefined) return json(200, describe(names))
    whole ??= JSON.stringify(describe())
    return { ...json(200, undefined), body: whole }
  }
}

function namesIn(catalogue: Catalogue, values: readonly string[]): ReadonlySet<string> {
  const names = new Set(values.flatMap((value) => value.split(',')).map((name) => name.trim()))
  names.delete('')
  if (names.size === 0) throw new HttpError(400, 'invalid_request', 'Name a tool: ?tools=a,b.')
  for (const name of names) {
    if (!catalogue.has(name)) throw new HttpError(404, 'unknown_tool', 'There is no such tool.')
  }
  return names
}
