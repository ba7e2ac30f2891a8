import '../../schema-messages.ts'

import * as z from 'zod/mini'
import { asObject } from '../../json.ts'
import { lazily } from '../../lazily.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Members in which hosts look for a tool's UI besides `ui.resourceUri`: MCP Apps' deprecated one and
 * ChatGPT's.
 */
const ALIASES = ['ui/resourceUri', 'openai/outputTemplate'] as const
/** ChatGPT's hint that goes with `openai/outputTemplate`. */
const WIDGET_HINT = 'openai/resultCanProduceWidget'
/** Members of `_meta.ui` that hosts read from the resource, never from the tool. */
const RESOURCE_MEMBERS = ['csp', 'permissions', 'domain', 'prefersBorder']

const schemas = lazily(() => {
  // The value becomes part of a Content-Security-Policy, so it must not end a source or a directive.
  const source = z
    .string()
    .check(
      z.regex(
        /^(?:https?|wss?):\/\/(?:\*\.)?[a-z0-9.-]+(?::\d{1,5})?(?:\/[^\s;,'"]*)?$/i,
        'must be an origin such as https://api.example.com or https://*.example.com',
      ),
    )
  const sources = z.optional(z.array(source))
  const permission = z.optional(z.looseObject({}))
  return {
    uiOfResource: z.optional(
      z.looseObject({
        csp: z.optional(
          z.looseObject({
            connectDomains: sources,
            resourceDomains: sources,
            frameDomains: sources,
            baseUriDomains: sources,
          }),
        ),
        permissions: z.optional(
          z.looseObject({
            camera: permission,
            microphone: permission,
            geolocation: permission,
            clipboardWrite: permission,
          }),
        ),
        domain: z.optional(z.string().check(z.trim(), z.minLength(1))),
        prefersBorder: z.optional(z.boolean()),
      }),
    ),
    uiOfTool: z.optional(
      z.looseObject({
        resourceUri: z.optional(z.string().check(z.startsWith('ui://', 'must be a ui:// URI'))),
        visibility: z.optional(z.array(z.enum(['model', 'app']))),
      }),
    ),
  }
})

/** The result of `readToolMeta`. */
export interface ReadToolMeta {
  readonly meta: Members | undefined
  /** The URI of the resource that is the tool's UI. */
  readonly uiResource: string | undefined
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Returns the `_meta` of a tool. If one of the three members that name the tool's UI is set, it sets all
 * of them: MCP Apps' `ui.resourceUri` and `ui/resourceUri`, and ChatGPT's `openai/outputTemplate`.
 */
export function readToolMeta(meta: Members | undefined): ReadToolMeta {
  const none = { meta, uiResource: undefined, faults: [], warnings: [] }
  if (meta === undefined) return none
  const given = meta['ui'] ?? undefined
  const ui = schemas().uiOfTool.safeParse(given)
  if (!ui.success) return { ...none, faults: ui.error.issues.map((issue) => at('_meta.ui', issue)) }
  const aliases = ALIASES.map((name) => meta[name] ?? undefined)
  const named = [ui.data?.resourceUri, ...aliases].filter((uri) => uri !== undefined)
  const [uri] = named
  const warnings = RESOURCE_MEMBERS.filter((name) => asObject(given)?.[name] !== undefined).map(
    (name) => `_meta.ui.${name}: hosts read it from the resource, not from the tool`,
  )
  if (uri === undefined) return { ...none, warnings }
  if (typeof uri !== 'string' || !uri.startsWith('ui://')) {
    return { ...none, faults: ['_meta: the UI of a tool must be a ui:// URI'] }
  }
  if (named.some((other) => other !== uri)) {
    const names = ['ui.resourceUri', ...ALIASES].join(', ')
    return { ...none, faults: [`_meta: ${names} name different resources: keep one of them`] }
  }
  const filled = Object.fromEntries(ALIASES.map((name) => [name, uri]))
  return {
    meta: { ...meta, ...filled, ui: { ...asObject(given), resourceUri: uri } },
    uiResource: uri,
    faults: [],
    warnings,
  }
}

/**
 * Returns the `_meta` of a tool without links to a UI, for a catalogue without `resources`, such as the
 * `tools/list` result of another server. Warns about each link.
 */
export function withoutUi(meta: Members | undefined): Pick<ReadToolMeta, 'meta' | 'warnings'> {
  const ui = asObject(meta?.['ui'])
  const links = [
    ['_meta.ui.resourceUri', ui?.['resourceUri']] as const,
    ...ALIASES.map((name) => [`_meta.${name}`, meta?.[name]] as const),
  ].filter(([, uri]) => uri !== undefined && uri !== null)
  if (links.length === 0) return { meta, warnings: [] }
  const { resourceUri: _, ...otherUi } = ui ?? {}
  const others = Object.entries(meta ?? {}).filter(
    ([name]) => ![...ALIASES, WIDGET_HINT, 'ui'].includes(name),
  )
  return {
    meta: {
      ...Object.fromEntries(others),
      ...(Object.keys(otherUi).length > 0 && { ui: otherUi }),
    },
    warnings: links.map(
      ([name, uri]) =>
        `${name}: the catalogue has no resources, ignored: ${String(uri).slice(0, 256)}`,
    ),
  }
}

/** Returns the faults of the `_meta.ui` of a resource, one line each. */
export function uiMetaFaults(meta: Members | undefined): string[] {
  const parsed = schemas().uiOfResource.safeParse(meta?.['ui'] ?? undefined)
  return parsed.success ? [] : parsed.error.issues.map((issue) => at('_meta.ui', issue))
}

function at(place: string, { path, message }: z.core.$ZodIssue): string {
  return `${[place, ...path].join('.')}: ${message}`
}
