import type { ToolRequest } from '../../../shared/catalogue/request-schema.ts'
import { readUrlTemplate, type UrlTemplate } from '../../../shared/catalogue/url-template.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Arguments } from './argument-value.ts'
import { compileBody } from './body.ts'
import { compileFields } from './fields.ts'
import { compilePath } from './path.ts'
import { compilePairs } from './query.ts'

/** One request to a backend, without the header fields that the gateway adds. */
export interface BackendRequest {
  readonly method: string
  readonly origin: string
  /** The path with the query. */
  readonly path: string
  /** The URL without the query, which is `aud` and `htu` of the assertion. */
  readonly url: string
  /** The query without `?`; '' if there is none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

/** The compiled backend request of a tool. */
export interface BackendPlan {
  /** Whether the backend is one of the operator's own, below FUNCTIONS_BASE. */
  readonly isOwn: boolean
  /**
   * A URL of the backend that does not depend on the arguments. With a `request`, it has at most
   * one path segment.
   */
  readonly identityUrl: string
  /**
   * Returns the request for these arguments, of which `body` is the JSON. Their numbers are as
   * `readingKept` returns them, so that they are sent as written.
   *
   * @throws ArgumentError for an argument that cannot be sent.
   */
  readonly make: (body: string | Buffer, args: unknown) => BackendRequest
}

const JSON_FIELDS = { 'content-type': 'application/json', accept: 'application/json' }

/**
 * Compiles the `request` of a tool, by default `POST functionsBase/{name}` with the arguments as
 * JSON.
 */
export function planBackend({ name, request }: CallableTool, functionsBase: string): BackendPlan {
  return request === undefined
    ? planPost(`${functionsBase}/${name}`)
    : planRequest(request, functionsBase)
}

function planPost(url: string): BackendPlan {
  const { origin, pathname, search } = new URL(url)
  const same = { method: 'POST', origin, path: `${pathname}${search}`, url, query: '' }
  const fixed = { ...same, headers: JSON_FIELDS }
  return { isOwn: true, identityUrl: url, make: (body) => ({ ...fixed, body }) }
}

function planRequest(request: ToolRequest, functionsBase: string): BackendPlan {
  const template = readUrlTemplate(request.url)
  if ('fault' in template) throw new Error('a tool with an unchecked request')
  const base = template.origin ?? functionsBase
  const { origin, pathname } = new URL(base)
  const basePath = pathname.replace(/\/+$/, '')
  const inPath = request.parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = request.parameters.filter((parameter) => parameter.in === 'query')
  const makePath = compilePath(template, inPath)
  const constantPairs = template.query === '' ? [] : [template.query]
  const makePairs = compilePairs(inQuery, [...new URLSearchParams(template.query).keys()])
  const makeFields = compileFields(request)
  const makeBody = compileBody(request)
  const fixed = base + fixedPath(template.segments)
  return {
    isOwn: fixed.startsWith(`${functionsBase}/`),
    identityUrl: origin + (/^\/[^/]*/.exec(new URL(fixed).pathname)?.[0] ?? ''),
    make: (_, args) => {
      const values = args as Arguments
      const path = makePath(values)
      const query = [...constantPairs, ...makePairs(values)].join('&')
      const requestBody = makeBody(values)
      return {
        method: request.method,
        origin,
        path: query === '' ? `${basePath}${path}` : `${basePath}${path}?${query}`,
        url: `${base}${path}`,
        query,
        headers: {
          ...makeFields(values),
          ...(requestBody !== undefined && { 'content-type': requestBody.contentType }),
        },
        body: requestBody?.body,
      }
    },
  }
}

/** Returns the whole path segments before the first parameter. */
function fixedPath(segments: UrlTemplate['segments']): string {
  const end = segments.findIndex((pieces) => pieces.some((piece) => typeof piece !== 'string'))
  const fixed = end === -1 ? segments : [...segments.slice(0, end), []]
  return fixed.map((pieces) => `/${pieces.join('')}`).join('')
}
