import * as z from 'zod/mini'
import { isLoopback } from '../config.ts'
import { list, text } from './text-values.ts'

function asUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** Refuses a URL with a query; anything that is no URL passes. */
export const withoutQuery = z.refine<string>(
  (value) => !asUrl(value)?.search,
  'must not have a query',
)

/** An https URL without credentials or fragment; http only on loopback. */
export const httpsUrl = text.check(
  z.refine((value) => {
    const url = asUrl(value)
    if (url === undefined || !isSecure(url)) return false
    return url.username === '' && url.password === '' && url.hash === ''
  }, 'must be an https URL without credentials or fragment (http only on loopback)'),
)

/** The URL of a Redis server. */
export const redisUrl = text.check(
  z.refine(
    (value) => /^rediss?:$/.test(asUrl(value)?.protocol ?? ''),
    'must be a redis:// or rediss:// URL',
  ),
)

/** `https://host[:port]`, one trailing slash tolerated and dropped. */
export const origin = z.pipe(
  httpsUrl.check(
    z.refine((value) => {
      const url = asUrl(value)
      return url === undefined || (url.pathname === '/' && url.search === '')
    }, 'must be an origin, without path or query'),
  ),
  z.transform((value) => new URL(value).origin),
)

/** A URL that paths are appended to: without a query, its trailing slashes dropped. */
export const baseUrl = z.pipe(
  httpsUrl.check(withoutQuery),
  z.transform((value) => value.replace(/\/+$/, '')),
)

/**
 * Auth0's issuer ends in a slash; a bare origin gets it, anything else is kept to the letter. All that
 * is asked of an issuer is at a path below it, which one with a path and no slash does not have.
 */
export const issuer = z.pipe(
  httpsUrl.check(
    withoutQuery,
    z.refine(
      (value) => asUrl(value)?.pathname.endsWith('/') ?? true,
      'must end in a slash when it has a path, as the issuer of Auth0 does',
    ),
  ),
  z.transform((value) => (/^https?:\/\/[^/?\\]+$/i.test(value) ? `${value}/` : value)),
)

/** A host name with an optional port. */
export const hostname = text.check(
  z.regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be a host name, without https:// or path'),
)

/** Pages of these schemes have an origin that browsers and shells send, and `URL` knows as `null`. */
const PAGE_ORIGIN =
  /^(?:chrome-extension|moz-extension|vscode-webview|app|tauri|capacitor):\/\/[a-z0-9.-]+$/

/** As browsers write it; they know no wildcards, though `URL` takes them for host names. */
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
