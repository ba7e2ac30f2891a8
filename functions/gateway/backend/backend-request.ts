import type { ToolRequest } from '../../../shared/catalogue/request.ts'
import { readUrlTemplate, type UrlTemplate } from '../../../shared/catalogue/url-template.ts'
import { atOnce } from '../../../shared/json/turns.ts'
import { readingKept } from '../../../shared/json/written-numbers.ts'
import type { CallableTool } from '../callable-tool.ts'
import type { Arguments } from './argument-value.ts'
import { compileBody } from './body.ts'
import { compileFields } from './fields.ts'
import { compilePath } from './path.ts'
import { compilePairs } from './query.ts'

/** One request to a backend, but for what the gateway adds of its own. */
export interface BackendRequest {
  readonly method: string
  readonly origin: string
  /** With the query. */
  readonly path: string
  /** Without the query; the `aud` and `htu` of the assertion. */
  readonly url: string
  /** Without `?`; '' for none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

/** How a tool's backend is called. */
export interface BackendPlan {
  /** Whether the backend is below FUNCTIONS_BASE, and so one of the operator's own. */
  readonly isOwn: boolean
  /** A URL of the backend that is the same for all arguments: the first segment of its path at most. */
  readonly identityUrl: string
  /**
   * The request for these arguments in JSON. Numbers are written as they are in `body`.
   *
   * @throws ArgumentError for an argument that cannot travel.
   */
  readonly make: (body: string, args: unknown, isPlain: boolean) => BackendRequest
}

const JSON_FIELDS = { 'content-type': 'application/json', accept: 'application/json' }

/** Compiles what `request` says, or `POST functionsBase/{name}` with the arguments as JSON. */
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
  if ('fault' in template) throw new Error('a request that was not checked')
  const base = template.origin ?? functionsBase
  const { origin, pathname } = new URL(base)
  const basePath = pathname.replace(/\/+$/, '')
  const inPath = request.parameters.filter((one) => one.in === 'path')
  const inQuery = request.parameters.filter((one) => one.in === 'query')
  const makePath = compilePath(template, inPath)
  const constant = template.query === '' ? [] : [template.query]
  const makePairs = compilePairs(inQuery, [...new URLSearchParams(template.query).keys()])
  const makeFields = compileFields(request)
  const makeBody = compileBody(request)
  const fixed = base + fixedPath(template.segments)
  return {
    isOwn: fixed.startsWith(`${functionsBase}/`),
    identityUrl: origin + (/^\/[^/]*/.exec(new URL(fixed).pathname)?.[0] ?? ''),
    make: (body, args, isPlain) => {
      const given = (isPlain ? args : atOnce(readingKept(body))?.value) as Arguments
      const path = makePath(given)
      const query = [...constant, ...makePairs(given)].join('&')
      const made = makeBody(given)
      return {
        method: request.method,
        origin,
        path: query === '' ? `${basePath}${path}` : `${basePath}${path}?${query}`,
        url: `${base}${path}`,
        query,
        headers: {
          ...makeFields(given),
          ...(made !== undefined && { 'content-type': made.contentType }),
        },
        body: made?.body,
      }
    },
  }
}

/** The path up to its first parameter, whole segments alone. */
function fixedPath(segments: UrlTemplate['segments']): string {
  const end = segments.findIndex((pieces) => pieces.some((piece) => typeof piece !== 'string'))
  const fixed = end === -1 ? segments : [...segments.slice(0, end), []]
  return fixed.map((pieces) => `/${pieces.join('')}`).join('')
}
