import { asObject } from '../../../shared/json.ts'
import { type JsonObject, stringsIn } from '../probe-result.ts'
import type { UiResource } from './subject.ts'

/** The directives of a UI's policy that hosts read (MCP Apps, "Content Security Policy"). */
export type Directive = 'connectDomains' | 'resourceDomains' | 'frameDomains'

/** The domains that a UI declares; a directive is undefined where it is not declared. */
export type UiPolicy = Readonly<Record<Directive, readonly string[] | undefined>>

/** A domain that a UI uses, as an URL, and the directive that must declare it. */
export interface UsedSource {
  readonly directive: Directive
  readonly url: string
}

const THEIR_NAMES: Readonly<Record<Directive, string>> = {
  connectDomains: 'connect_domains',
  resourceDomains: 'resource_domains',
  frameDomains: 'frame_domains',
}
const DIRECTIVES = Object.keys(THEIR_NAMES) as Directive[]
const RESOURCE_RELATIONS = /\brel\s*=\s*["']?[^"'>]*\b(?:stylesheet|icon|preload|modulepreload)\b/i
const TAG =
  /<(script|img|link|iframe|frame|video|audio|source|track|embed|object)\b([^>]{0,4000})>/gi
const ATTRIBUTE = /(?:^|\s)(?:src|href|data)\s*=\s*["']?(https?:\/\/[^"'\s>]+)/i
const IN_STYLE = /(?:url\(|@import)\s*["']?(https?:\/\/[^"'\s)]+)/gi
const IN_SCRIPT =
  /\b(?:fetch|EventSource|WebSocket|sendBeacon)\(\s*["'`]((?:https?|wss?):\/\/[^"'`\s]+)/g
const IN_IMPORT = /\b(?:from\s*|import\s*\(?\s*)["'](https?:\/\/[^"'\s]+)/g

/** The policy in `_meta.ui.csp`, or in ChatGPT's older `openai/widgetCSP`; undefined without either. */
export function policyOf({ _meta }: UiResource): UiPolicy | undefined {
  const csp = asObject(asObject(_meta?.['ui'])?.['csp'])
  const theirs = asObject(_meta?.['openai/widgetCSP'])
  if (csp === undefined && theirs === undefined) return undefined
  const entries = DIRECTIVES.map(
    (name) => [name, stringsIn(csp?.[name]) ?? stringsIn(theirs?.[THEIR_NAMES[name]])] as const,
  )
  return Object.fromEntries(entries) as UiPolicy
}

/** The dedicated origin as ChatGPT reads it: its alias first, since Claude takes another form. */
export function domainOf({ _meta }: UiResource): unknown {
  return _meta?.['openai/widgetDomain'] ?? (asObject(_meta?.['ui']) as JsonObject)?.['domain']
}

/**
 * External addresses that stand in the HTML: sources of elements, of styles, of imports, and of calls
 * with a literal address. Does not see addresses that scripts put together.
 */
export function usedSources(html: string): readonly UsedSource[] {
  const inTags = [...html.matchAll(TAG)].flatMap(([, tag = '', attributes = '']) => {
    const url = ATTRIBUTE.exec(attributes)?.[1]
    const isLink = tag.toLowerCase() === 'link'
    if (url === undefined || (isLink && !RESOURCE_RELATIONS.test(attributes))) return []
    const isFrame = /^i?frame$/i.test(tag)
    return [{ directive: isFrame ? 'frameDomains' : 'resourceDomains', url } as const]
  })
  const found = (pattern: RegExp, directive: Directive) =>
    [...html.matchAll(pattern)].map(([, url = '']) => ({ directive, url }))
  const all = [
    ...inTags,
    ...found(IN_STYLE, 'resourceDomains'),
    ...found(IN_IMPORT, 'resourceDomains'),
    ...found(IN_SCRIPT, 'connectDomains'),
  ]
  const byOrigin = all.flatMap(({ directive, url }) => {
    const origin = originOf(url)
    return origin === undefined
      ? []
      : [[`${directive} ${origin}`, { directive, url: origin }] as const]
  })
  return [...new Map(byOrigin).values()]
}

/** Whether one of the declared domains covers the address; `*.` stands for one or more labels. */
export function covers(declared: readonly string[], url: string): boolean {
  const used = new URL(url)
  return declared.some((source) => {
    const wild = /^([a-z]+:\/\/)\*\.(.+)$/i.exec(source)
    const parsed = URL.parse(wild === null ? source : `${wild[1]}${wild[2]}`)
    if (parsed === null || parsed.protocol !== used.protocol || parsed.port !== used.port) {
      return false
    }
    return wild === null
      ? parsed.hostname === used.hostname
      : used.hostname.endsWith(`.${parsed.hostname}`)
  })
}

function originOf(url: string): string | undefined {
  const parsed = URL.parse(url)
  return parsed === null ? undefined : `${parsed.protocol}//${parsed.host}`
}
