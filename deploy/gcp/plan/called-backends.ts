import { readUrlTemplate } from '../../../shared/catalogue/url-template.ts'
import type { Environment } from '../../../shared/config.ts'
import { parseDocument, type ToolDefinition } from '../../../shared/tools.ts'

/** A backend that the gateway calls with a Google ID token. */
export interface CalledBackend {
  /** The tool or resource, for messages: `the tool listEvents`. */
  readonly caller: string
  /** The first segment of the URL's path; undefined if an argument determines it. */
  readonly segment: string | undefined
}

/**
 * Returns the backends below FUNCTIONS_BASE that the gateway calls with a Google ID token: all of them
 * with BACKEND_AUTH=google, otherwise those of tools with that `backendAuth`. Excludes tools that the
 * gateway answers itself and URLs outside FUNCTIONS_BASE.
 *
 * @throws ConfigError that lists all faults of the catalogue.
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

/** The URL up to the segment of its first parameter; undefined = no backend. */
function fixedUrl({ name, request, answeredBy }: ToolDefinition, base: string) {
  if (answeredBy === 'gateway') return undefined
  if (request === undefined) return `${base}/${name}`
  const template = readUrlTemplate(request.url)
  if ('fault' in template) throw new Error('The request was not validated')
  const { origin = base, segments } = template
  const end = segments.findIndex((pieces) => pieces.some((piece) => typeof piece !== 'string'))
  const fixed = end === -1 ? segments : [...segments.slice(0, end), []]
  return origin + fixed.map((pieces) => `/${pieces.join('')}`).join('')
}

function segmentOf(url: string): string | undefined {
  return /^\/([^/]+)/.exec(new URL(url).pathname)?.[1]
}
