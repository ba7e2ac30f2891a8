import { asObject, parseJson } from '../../shared/json.ts'

/** `_meta.ui.csp` of a resource. */
export interface UiCsp {
  readonly connectDomains?: readonly string[] | undefined
  readonly resourceDomains?: readonly string[] | undefined
  readonly frameDomains?: readonly string[] | undefined
  readonly baseUriDomains?: readonly string[] | undefined
}

/** A source expression without characters that could end the directive. */
const SOURCE = /^(?:https?|wss?):\/\/[^\s;,'"]+$/

/**
 * Returns the Content-Security-Policy that a host must apply to a UI (MCP Apps 2026-01-26, "Content
 * Security Policy Enforcement"); the restrictive default if the resource declares none. Omits invalid
 * sources.
 */
export function contentSecurityPolicy(csp: UiCsp | undefined): string {
  if (csp === undefined) {
    return [
      "default-src 'none'",
      "script-src 'self' 'unsafe-inline'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "media-src 'self' data:",
      "connect-src 'none'",
      "frame-src 'none'",
      "object-src 'none'",
      "base-uri 'self'",
    ].join('; ')
  }
  const assets = list(csp.resourceDomains)
  return [
    ['default-src', "'none'"],
    ['script-src', "'self' 'unsafe-inline'", ...assets],
    ['style-src', "'self' 'unsafe-inline'", ...assets],
    ['connect-src', "'self'", ...list(csp.connectDomains)],
    ['img-src', "'self' data:", ...assets],
    ['font-src', "'self'", ...assets],
    ['media-src', "'self' data:", ...assets],
    ['frame-src', ...or(list(csp.frameDomains), "'none'")],
    ['object-src', "'none'"],
    ['base-uri', ...or(list(csp.baseUriDomains), "'self'")],
  ]
    .map((directive) => directive.join(' '))
    .join('; ')
}

/** Parses the `csp` query parameter of the sandbox, which is JSON or absent; null = it is not JSON. */
export function readCsp(parameter: string | null): UiCsp | undefined | null {
  if (parameter === null) return undefined
  const parsed = parseJson(parameter)
  return parsed === undefined ? null : asObject(parsed.value)
}

function list(domains: unknown): readonly string[] {
  if (!Array.isArray(domains)) return []
  return domains.filter((domain) => typeof domain === 'string' && SOURCE.test(domain))
}

function or(sources: readonly string[], otherwise: string): readonly string[] {
  return sources.length > 0 ? sources : [otherwise]
}
