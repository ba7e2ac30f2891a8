import { ConfigError } from './config.ts'

/** True when every one of a client's redirect URIs matches a pattern, and there is at least one. */
export type RedirectUriPolicy = (redirectUris: readonly string[]) => boolean

/** Where ChatGPT sends people back to: the stable URI, and one per connector. */
export const CHATGPT_REDIRECT_URIS = [
  'https://chatgpt.com/connector_platform_oauth_redirect',
  // URLPattern's expressions have the v flag, under which a hyphen in a class must be escaped.
  'https://chatgpt.com/connector/oauth/:callback_id([\\w\\-]+)',
] as const

/**
 * Compiles redirect URI patterns in URLPattern syntax. A URI matches on protocol, host, port and
 * path; one with credentials, query or fragment, or written in another than its canonical form,
 * matches nothing, because authorization servers compare these strings to the letter.
 *
 * @throws ConfigError for a pattern that URLPattern refuses, or that could match nothing.
 */
export function createRedirectUriPolicy(patterns: readonly string[]): RedirectUriPolicy {
  const compiled = patterns.map(compile)
  return (redirectUris) =>
    redirectUris.length > 0 &&
    redirectUris.every((uri) => isPlain(uri) && compiled.some((pattern) => pattern.test(uri)))
}

function compile(text: string, index: number): URLPattern {
  const name = `CLIENT_REDIRECT_URIS: pattern ${index + 1}`
  const pattern = parse(text)
  if (pattern === undefined) throw new ConfigError([`${name} is not a URLPattern`])
  const { username, password, search, hash } = pattern
  if ([username, password, search, hash].every((part) => part === '' || part === '*'))
    return pattern
  throw new ConfigError([`${name} must not have credentials, query or fragment`])
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
