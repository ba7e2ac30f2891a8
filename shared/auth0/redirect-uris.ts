import { ConfigError } from '../config.ts'
import { CLIENT_PRESETS, redirectUriPatterns } from './client-presets.ts'

/** Returns true if a client has at least one redirect URI and each of them matches a pattern. */
export type RedirectUriPolicy = (redirectUris: readonly string[]) => boolean

/** The redirect URIs of ChatGPT: the stable one, and a pattern for the one of each connector. */
export const CHATGPT_REDIRECT_URIS = CLIENT_PRESETS.chatgpt.redirectUris

/**
 * Compiles redirect URI patterns in URLPattern syntax and names of presets. A URI matches on protocol,
 * host, port and path. A URI with credentials, query or fragment, or one that is not in its canonical
 * form, matches nothing, because authorization servers compare redirect URIs as exact strings.
 *
 * A pattern must have a path: `https://example.com/` matches only the root, `https://example.com/*`
 * every path, and `https://example.com` is refused.
 *
 * @throws ConfigError for an unknown preset name, and for a pattern that is not a URLPattern, that can
 * match nothing, that has no path or that has more than 4 wildcards.
 */
export function createRedirectUriPolicy(items: readonly string[]): RedirectUriPolicy {
  const compiled = items.flatMap((item, index) =>
    redirectUriPatterns([item]).map((pattern) => compile(pattern, index)),
  )
  return (redirectUris) =>
    redirectUris.length > 0 &&
    redirectUris.every((uri) => isCanonical(uri) && compiled.some((pattern) => pattern.test(uri)))
}

// The form of a preset name. A pattern has a colon or a slash.
const PRESET_NAME_FORM = /^[\w-]+$/

/** The time of a match grows with the length of the URI to the power of the wildcards. */
const MAX_WILDCARDS = 4

function compile(text: string, index: number): URLPattern {
  const name = `CLIENT_REDIRECT_URIS: pattern ${index + 1}`
  if (PRESET_NAME_FORM.test(text)) {
    const names = Object.keys(CLIENT_PRESETS).join(', ')
    throw new ConfigError([`${name} is not the name of a preset; the presets are ${names}`])
  }
  if (text.split('*').length > MAX_WILDCARDS + 1) {
    throw new ConfigError([`${name} must have at most ${MAX_WILDCARDS} wildcards`])
  }
  const pattern = parse(text)
  if (pattern === undefined) throw new ConfigError([`${name} is not a URLPattern`])
  const { username, password, search, hash, pathname } = pattern
  if (![username, password, search, hash].every((part) => part === '' || part === '*')) {
    throw new ConfigError([`${name} must not have credentials, query or fragment`])
  }
  // URLPattern treats a missing path as a wildcard.
  if (!pathname.replace(/^\{/, '').startsWith('/')) {
    throw new ConfigError([`${name} must name a path, or end in /* for every path`])
  }
  return pattern
}

function parse(text: string): URLPattern | undefined {
  try {
    return new URLPattern(text)
  } catch {
    return undefined
  }
}

function isCanonical(uri: string): boolean {
  if (!URL.canParse(uri) || /[?#]/.test(uri)) return false
  const { href, username, password } = new URL(uri)
  return username === '' && password === '' && (href === uri || href === `${uri}/`)
}
