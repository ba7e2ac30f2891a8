import { describe, expect, test } from 'vitest'
import { admissionRules } from '../../shared/auth0/admission-config.ts'
import { CLIENT_PRESETS, redirectUriPatterns } from '../../shared/auth0/client-presets.ts'
import { CHATGPT_REDIRECT_URIS, createRedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'

const CONNECTOR = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'

describe('the patterns of ChatGPT', () => {
  const isCovered = createRedirectUriPolicy(CHATGPT_REDIRECT_URIS)

  test.each([
    [['https://chatgpt.com/connector_platform_oauth_redirect']],
    [[CONNECTOR]],
    [['https://chatgpt.com/connector_platform_oauth_redirect', CONNECTOR]],
  ])('cover %j', (uris) => {
    expect(isCovered(uris)).toBe(true)
  })

  test.each([
    [[]],
    [['']],
    [['chatgpt.com']],
    [['http://chatgpt.com/connector_platform_oauth_redirect']],
    [['https://chatgpt.com:8443/connector_platform_oauth_redirect']],
    [['https://chatgpt.com:443/connector_platform_oauth_redirect']],
    [['https://chatgpt.com./connector_platform_oauth_redirect']],
    [['https://chatgpt.com.evil.example/connector_platform_oauth_redirect']],
    [['https://evil.example/chatgpt.com/connector_platform_oauth_redirect']],
    [['https://evil.example#chatgpt.com/connector_platform_oauth_redirect']],
    [['https://chatgpt.com@evil.example/connector_platform_oauth_redirect']],
    [['https://user@chatgpt.com/connector_platform_oauth_redirect']],
    [['https://user:password@chatgpt.com/connector_platform_oauth_redirect']],
    [['https://www.chatgpt.com/connector_platform_oauth_redirect']],
    [['https://chаtgpt.com/connector_platform_oauth_redirect']],
    [['HTTPS://CHATGPT.COM/connector_platform_oauth_redirect']],
    [['https://chatgpt.com/Connector_platform_oauth_redirect']],
    [['https://chatgpt.com/connector_platform_oauth_redirect/']],
    [['https://chatgpt.com//connector_platform_oauth_redirect']],
    [['https://chatgpt.com/connector_platform_oauth_redirect?next=https://evil.example']],
    [['https://chatgpt.com/connector_platform_oauth_redirect#x']],
    [['https://chatgpt.com/connector/oauth/']],
    [['https://chatgpt.com/connector/oauth/a/b']],
    [['https://chatgpt.com/connector/oauth/a%2fb']],
    [['https://chatgpt.com/connector/oauth/..']],
    [['https://chatgpt.com/connector/oauth/a/../b']],
    [['https://chatgpt.com/connector/oauth/a;b']],
    [['https://chatgpt.com\\@evil.example/connector/oauth/a']],
    [['https://chatgpt.com/connector/oauth/a\n']],
    [['javascript:alert(1)']],
    [['com.openai.chat://callback']],
    [[CONNECTOR, 'https://evil.example/callback']],
  ])('do not cover %j', (uris) => {
    expect(isCovered(uris)).toBe(false)
  })
})

test.each([
  ['http://127.0.0.1:*/*', 'http://127.0.0.1:54321/callback', true],
  ['http://127.0.0.1:*/*', 'http://127.0.0.1/callback', true],
  ['http://127.0.0.1:*/*', 'http://127.0.0.1.evil.example/callback', false],
  ['http://[\\:\\:1]:*/*', 'http://[::1]:5000/callback/abc', true],
  ['https://*.example.com/cb', 'https://a.example.com/cb', true],
  ['https://*.example.com/cb', 'https://example.com.evil.test/cb', false],
  ['https://app.example.com/', 'https://app.example.com', true],
  ['https://app.example.com/', 'https://app.example.com/', true],
  ['https://app.example.com/', 'https://app.example.com/cb', false],
  ['https://app.example.com/*', 'https://app.example.com/a/b', true],
  ['com.example.app:/cb', 'com.example.app:/cb', true],
])('the pattern %s covers %s: %s', (pattern, uri, covered) => {
  expect(createRedirectUriPolicy([pattern])([uri])).toBe(covered)
})

test('an invalid pattern is refused with its position', () => {
  expect(() => createRedirectUriPolicy(['https://a.example/', 'https://a.example/(['])).toThrow(
    'CLIENT_REDIRECT_URIS: pattern 2 is not a URLPattern',
  )
})

test('a pattern has at most 4 wildcards, because each multiplies the time of a match', () => {
  expect(createRedirectUriPolicy(['https://*.*.test/*/*'])(['https://a.b.test/c/d'])).toBe(true)
  for (const pattern of ['https://a.test/*/*/*/*/*', `${'*'.repeat(400)}https://a.test/cb`]) {
    expect(() => createRedirectUriPolicy([pattern])).toThrow(
      'CLIENT_REDIRECT_URIS: pattern 1 must have at most 4 wildcards',
    )
  }
})

test.each(['https://a.test/cb?x=1', 'https://a.test/cb#x', 'https://u:p@a.test/cb'])(
  'the pattern %s with credentials, a query or a fragment is refused',
  (pattern) => {
    expect(() => createRedirectUriPolicy([pattern])).toThrow(
      'CLIENT_REDIRECT_URIS: pattern 1 must not have credentials, query or fragment',
    )
  },
)

test.each([
  'https://app.example.com',
  'https://*.example.com',
  'https://app.example.com*',
  'http{s}?://app.example.com',
  'http://127.0.0.1:*',
  'cursor://anysphere.cursor-mcp',
  'com.example.app:',
  'com.example.app:*',
])('the pattern %s without a path is refused', (pattern) => {
  expect(() => createRedirectUriPolicy(['https://a.example/', pattern])).toThrow(
    'CLIENT_REDIRECT_URIS: pattern 2 must name a path, or end in /* for every path',
  )
})

describe('a preset', () => {
  const covers = (items: readonly string[], uris: readonly string[]) =>
    createRedirectUriPolicy(items)(uris)

  test.each<[string, readonly string[]]>([
    ['chatgpt', ['https://chatgpt.com/connector_platform_oauth_redirect', CONNECTOR]],
    ['claude', ['https://claude.ai/api/mcp/auth_callback']],
    ['claude', ['https://claude.com/api/mcp/auth_callback']],
    ['claude', ['http://localhost:3118/callback']],
    ['claude', ['http://localhost/callback', 'http://127.0.0.1/callback']],
    [
      'vscode',
      [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
    ],
    ['vscode', ['http://127.0.0.1:33418']],
    ['cursor', ['cursor://anysphere.cursor-mcp/oauth/callback']],
    ['cursor', ['http://localhost:8787/callback']],
    ['cursor', ['https://www.cursor.com/agents/mcp/oauth/callback']],
    ['codex', ['http://127.0.0.1:53682/callback']],
    ['codex', ['http://127.0.0.1:53682/callback/Ab-9_zAb-9_z']],
    ['loopback', ['http://127.0.0.1:1/', 'http://localhost/a/b', 'http://[::1]:65535/callback']],
  ])('named %s covers %j', (preset, uris) => {
    expect(covers([preset], uris)).toBe(true)
  })

  test.each([
    ['chatgpt', 'https://claude.ai/api/mcp/auth_callback'],
    ['claude', 'https://claude.ai/api/mcp/auth_callback/'],
    ['claude', 'https://www.claude.ai/api/mcp/auth_callback'],
    ['claude', 'http://localhost:3118/other'],
    ['vscode', 'http://127.0.0.1:33419/'],
    ['vscode', 'https://vscode.dev/redirect?url=x'],
    ['cursor', 'cursor://other.extension/oauth/callback'],
    ['cursor', 'cursor://anysphere.cursor-mcp/oauth/callback/x'],
    ['codex', 'http://127.0.0.1:53682/callback/a/b'],
    ['codex', 'http://127.0.0.2:53682/callback'],
    ['loopback', 'https://localhost/cb'],
    ['loopback', 'http://localhost.evil.example/cb'],
    ['loopback', 'http://127.0.0.1@evil.example/cb'],
    ['loopback', 'http://192.168.0.1/cb'],
  ])('named %s does not cover %s', (preset, uri) => {
    expect(covers([preset], [uri])).toBe(false)
  })

  test('can be combined with patterns', () => {
    const items = ['claude', 'https://app.example.com/cb', 'chatgpt']
    expect(covers(items, [CONNECTOR, 'https://app.example.com/cb'])).toBe(true)
    expect(covers(items, ['https://evil.example/cb'])).toBe(false)
  })

  test.each(['ChatGPT', 'chat-gpt', 'toString', '__proto__', 'vs_code'])(
    'does not exist for %s, which is refused with its position and the names of the presets',
    (word) => {
      expect(() => createRedirectUriPolicy(['chatgpt', word])).toThrow(
        'CLIENT_REDIRECT_URIS: pattern 2 is not the name of a preset; the presets are chatgpt, claude, vscode, cursor, codex, loopback',
      )
    },
  )

  test('has redirect URIs and the URL of their source', () => {
    for (const { redirectUris, source } of Object.values(CLIENT_PRESETS)) {
      expect(() => createRedirectUriPolicy(redirectUris)).not.toThrow()
      expect(redirectUris.length).toBeGreaterThan(0)
      expect(new URL(source).protocol).toBe('https:')
    }
  })

  test('is replaced by its patterns', () => {
    expect(redirectUriPatterns(['https://a.test/cb', 'vscode'])).toEqual([
      'https://a.test/cb',
      ...CLIENT_PRESETS.vscode.redirectUris,
    ])
  })
})

test('without CLIENT_REDIRECT_URIS only ChatGPT is covered', () => {
  const { mayRedirectTo } = admissionRules({ PUBLIC_URL: 'https://mcp.test' })
  expect(mayRedirectTo([CONNECTOR])).toBe(true)
  expect(mayRedirectTo(['https://claude.ai/api/mcp/auth_callback'])).toBe(false)
})
