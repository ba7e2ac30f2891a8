import { readUrlTemplate } from '../../../shared/catalogue/url-template.ts'
import type { Environment } from '../../../shared/config.ts'
import { parseDocument, type ToolDefinition } from '../../../shared/tools.ts'

/** A backend of the operator's own that the gateway calls with its Google identity. */
export interface CalledBackend {
  /** The tool or the resource, for people: `the tool listEvents`. */
  readonly caller: string
  /** The first segment of the URL's path; undefined when an argument decides it. */
  readonly segment: string | undefined
}

/**
 * What the gateway calls below FUNCTIONS_BASE with a Google ID token: everything while BACKEND_AUTH is google,
 * else the tools whose `backendAuth` says so. A tool that the
 * gateway answers has no backend, and a URL elsewhere is none of ours.
 *
 * @throws ConfigError with all faults of the catalogue.
 */
export function calledBackends(env: Environment): CalledBackend[] {
  const isForAll = env['BACKEND_AUTH']?.trim() === 'google'
  const base = (env['FUNCTIONS_BASE']?.trim() ?? '').replace(/\/+$/, '')
  const { tools, resources } = parseDocument(env, (tool) => tool)
  return [
    ...[...tools.values()].flatMap((tool) => {
      const isCalled = isForAll || tool.backendAuth?.type === 'google_id_token'
      const url = isCalled ? fixedUrl(tool, base) : undefined
      return url?.startsWith(`${base}/`)
        ? [{ caller: `the tool ${tool.name}`, segment: segmentOf(url) }]
        : []
    }),
    ...resources.flatMap(({ uri, source }) =>
      isForAll && 'path' in source
        ? [{ caller: `the resource ${uri}`, segment: segmentOf(`${base}/${source.path}`) }]
        : [],
    ),
  ]
}

/** The URL up to its first parameter, in whole segments; undefined = there is no backend. */
function fixedUrl({ name, request, answeredBy }: ToolDefinition, base: string) {
  if (answeredBy === 'gateway') return undefined
  if (request === undefined) return `${base}/${name}`
  const template = readUrlTemplate(request.url)
  if ('fault' in template) throw new Error('a request that was not checked')
  const { origin = base, segments } = template
  const end = segments.findIndex((pieces) => pieces.some((piece) => typeof piece !== 'string'))
  const fixed = end === -1 ? segments : [...segments.slice(0, end), []]
  return origin + fixed.map((pieces) => `/${pieces.join('')}`).join('')
}

function segmentOf(url: string): string | undefined {
  return /^\/([^/]+)/.exec(new URL(url).pathname)?.[1]
}
