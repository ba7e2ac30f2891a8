import * as z from 'zod/mini'
import { isLoopback } from '../config.ts'
import { list, text } from './text-values.ts'

/** A host with a port. `URL` would read the host as the scheme. */
const HOST_AND_PORT = /^[\w.-]+:\d+(?:[/?#]|$)/

const NO_SCHEME = 'lacks the scheme: it must begin with https:// (or http:// on loopback)'
const NOT_HTTPS = 'must be an https URL without credentials or fragment (http only on loopback)'

function asUrl(value: string): URL | undefined {
  if (HOST_AND_PORT.test(value)) return undefined
  return URL.canParse(value) ? new URL(value) : undefined
}

function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** Refuses a URL with a query. Accepts a value that is not a URL. */
export const withoutQuery = z.refine<string>(
  (value) => !asUrl(value)?.search,
  'must not have a query',
)

/** An https URL without credentials or fragment. Allows http only on loopback. */
export const httpsUrl = text.check(
  z.refine(
    (value) => {
      const url = asUrl(value)
      if (url === undefined || !isSecure(url)) return false
      return url.username === '' && url.password === '' && url.hash === ''
    },
    { error: ({ input }) => (HOST_AND_PORT.test(String(input)) ? NO_SCHEME : NOT_HTTPS) },
  ),
)

/** The URL of a Redis server. */
export const redisUrl = text.check(
  z.refine(
    (value) => /^rediss?:$/.test(asUrl(value)?.protocol ?? ''),
    'must be a redis:// or rediss:// URL',
  ),
)

/** `https://host[:port]`. Removes a trailing slash. */
export const origin = z.pipe(
  httpsUrl.check(
    z.refine((value) => {
      const url = asUrl(value)
      return url === undefined || (url.pathname === '/' && url.search === '')
    }, 'must be an origin, without path or query'),
  ),
  z.transform((value) => new URL(value).origin),
)

/** A URL without a query, to which paths are appended. Removes trailing slashes. */
export const baseUrl = z.pipe(
  httpsUrl.check(withoutQuery),
  z.transform((value) => value.replace(/\/+$/, '')),
)

/**
 * An issuer URL. Auth0's issuer ends in a slash, which is appended to a bare origin; any other value is
 * kept as it is. An issuer with a path must end in a slash, because the URLs of its documents are
 * appended to it.
 */
export const issuer = z.pipe(
  httpsUrl.check(
    withoutQuery,
    z.refine(
      (value) => asUrl(value)?.pathname.endsWith('/') ?? true,
      'must end in a slash if it has a path, as the issuer of Auth0 does',
    ),
  ),
  z.transform((value) => (/^https?:\/\/[^/?\\]+$/i.test(value) ? `${value}/` : value)),
)

/** A host name with an optional port. */
export const hostname = text.check(
  z.regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be a host name, without https:// or path'),
)

/** Origins of schemes that browsers and app shells send, but whose `URL.origin` is `null`. */
const PAGE_ORIGIN =
  /^(?:chrome-extension|moz-extension|vscode-webview|app|tauri|capacitor):\/\/[a-z0-9.-]+$/

/** Returns whether the value is an origin as browsers send it. `URL` accepts `*` in host names. */
function isOrigin(value: string): boolean {
  return (asUrl(value)?.origin === value && !value.includes('*')) || PAGE_ORIGIN.test(value)
}

/** Origins as browsers send them, separated by commas, or `*`. */
export const browserOrigins = list.check(
  z.refine(
    (values) => values.every((value) => value === '*' || isOrigin(value)),
    'must be origins such as https://app.example.com, or *',
  ),
)
