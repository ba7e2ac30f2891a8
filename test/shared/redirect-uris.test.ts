import { describe, expect, test } from 'vitest'
import { CHATGPT_REDIRECT_URIS, createRedirectUriPolicy } from '../../shared/redirect-uris.ts'

const CONNECTOR = 'https://chatgpt.com/connector/oauth/abc-123_XYZ'

describe("ChatGPT's redirect URIs", () => {
  const isCovered = createRedirectUriPolicy(CHATGPT_REDIRECT_URIS)

  test.each([
    [['https://chatgpt.com/connector_platform_oauth_redirect']],
    [[CONNECTOR]],
    [['https://chatgpt.com/connector_platform_oauth_redirect', CONNECTOR]],
  ])('%j is covered', (uris) => {
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
  ])('%j is not', (uris) => {
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
  ['https://app.example.com', 'https://app.example.com', true],
])('the pattern %s and %s: %s', (pattern, uri, covered) => {
  expect(createRedirectUriPolicy([pattern])([uri])).toBe(covered)
})

test('a pattern that is none is refused by its place', () => {
  expect(() => createRedirectUriPolicy(['https://a.example/', 'https://a.example/(['])).toThrow(
    'CLIENT_REDIRECT_URIS: pattern 2 is not a URLPattern',
  )
})

test.each(['https://a.test/cb?x=1', 'https://a.test/cb#x', 'https://u:p@a.test/cb'])(
  'the pattern %s, which could match nothing, is refused',
  (pattern) => {
    expect(() => createRedirectUriPolicy([pattern])).toThrow(
      'CLIENT_REDIRECT_URIS: pattern 1 must not have credentials, query or fragment',
    )
  },
)
