import { CLIENT_PRESETS } from '../../../shared/auth0/client-presets.ts'
import { createRedirectUriPolicy } from '../../../shared/auth0/redirect-uris.ts'
import { ConfigError } from '../../../shared/config.ts'
import { type FuzzTarget, MARKER, must, onlyRefuses } from '../target.ts'

const LITERAL = /^https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/[A-Za-z0-9/_-]*$/
const PROBES = [
  'https://evil.example/cb?x=1',
  'https://evil.example/cb#x',
  'https://u:p@evil.example/cb',
  'HTTPS://EVIL.example/cb',
  'https://evil.example/a/../cb',
  'https://evil.example:443/cb',
  'javascript:alert(1)//?',
]
const PATHS = ['', '/', '/cb', '/a/b', '/a/b/c.d', '//', '/%2e%2e/']

/** Redirect URI patterns, tested with URIs of their own host and of others. */
export const redirectsTarget: FuzzTarget = {
  name: 'redirects',
  seeds: [
    ...Object.values(CLIENT_PRESETS).flatMap(({ redirectUris }) => redirectUris),
    'https://app.example.com/*',
    'https://app.example.com',
    `https://${MARKER}.example.com/cb`,
    'https://*.example.com/cb',
    'https://evil.example/(a|b)+',
    'com.example.app:/cb',
    'chatgpt',
  ],
  check: (text) => {
    const covers = onlyRefuses([ConfigError], () => createRedirectUriPolicy([text]))
    if (covers === undefined) return
    must(!covers([]), 'it covers a client without redirect URIs')
    for (const uri of PROBES) must(!covers([uri]), 'it covers an unsafe URI')
    const host = /^[a-z]+:\/\/[^/*:(){}?]+/.exec(text)?.[0]
    if (host !== undefined) {
      const covered = PATHS.filter((path) => covers([`${host}${path}`]))
      const isOpen = /[*:({?]/.test(text.slice(host.length))
      must(isOpen || covered.length <= 2, 'a pattern without a wildcard covers several paths')
      must(!covers([`${host}.evil.example/cb`]), 'it covers a longer host')
    }
    if (!LITERAL.test(text) || new URL(text).href !== text) return
    must(covers([text]), 'it does not cover itself')
    must(
      !covers([text, 'https://evil.example/cb']) || text === 'https://evil.example/cb',
      'it covers a client with one foreign URI',
    )
    must(!covers([`${text}x`]) && !covers([`${text}/x`]), 'it covers a longer path')
  },
}
