import { ConfigError } from '../config.ts'
import { CLIENT_PRESETS, redirectUriPatterns } from './client-presets.ts'

/** True when every one of a client's redirect URIs matches a pattern, and there is at least one. */
export type RedirectUriPolicy = (redirectUris: readonly string[]) => boolean

/** Where ChatGPT sends people back to: the stable URI, and one per connector. */
export const CHATGPT_REDIRECT_URIS = CLIENT_PRESETS.chatgpt.redirectUris

/**
 * Compiles redirect URI patterns in URLPattern syntax, and the presets of those that are names of
 * presets. A URI matches on protocol, host, port and
 * path; one with credentials, query or fragment, or written in another than its canonical form,
 * matches nothing, because authorization servers compare these strings to the letter.
 *
 * A pattern names its path: `https://example.com/` matches the root alone, `https://example.com/*` every
 * path, and `https://example.com` is refused.
 *
 * @throws ConfigError for a name that is no preset's, and for a pattern that URLPattern refuses, that
 * could match nothing or that does not name a path.
 */
export function createRedirectUriPolicy(items: readonly string[]): RedirectUriPolicy {
  const compiled = items.flatMap((item, index) =>
    redirectUriPatterns([item]).map((pattern) => compile(pattern, index)),
  )
  return (redirectUris) =>
    redirectUris.length > 0 &&
    redirectUris.every((uri) => isPlain(uri) && compiled.some((pattern) => pattern.test(uri)))
}

// As a preset's name is written; a pattern has a colon or a slash.
const WORD = /^[\w-]+$/

function compile(text: string, index: number): URLPattern {
  const name = `CLIENT_REDIRECT_URIS: pattern ${index + 1}`
  if (WORD.test(text)) {
    const names = Object.keys(CLIENT_PRESETS).join(', ')
    throw new ConfigError([`${name} is not the name of a preset; the presets are ${names}`])
  }
  const pattern = parse(text)
  if (pattern === undefined) throw new ConfigError([`${name} is not a URLPattern`])
  const { username, password, search, hash, pathname } = pattern
  if (![username, password, search, hash].every((part) => part === '' || part === '*')) {
    throw new ConfigError([`${name} must not have credentials, query or fragment`])
  }
  // URLPattern reads a missing path as every path.
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

function isPlain(uri: string): boolean {
  if (!URL.canParse(uri) || /[?#]/.test(uri)) return false
  const { href, username, password } = new URL(uri)
  return username === '' && password === '' && (href === uri || href === `${uri}/`)
}
