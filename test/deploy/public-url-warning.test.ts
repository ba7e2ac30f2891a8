import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { issuerWarning, publicUrlWarning } from '../../deploy/local/public-url-warning.ts'
import { startDocument } from '../../deploy/local/start.ts'

const URL_OF_START = 'http://localhost:9380'

describe('the warning of npm start about PUBLIC_URL', () => {
  test.each([
    { publicUrl: 'http://localhost:8080', port: '8080' },
    { publicUrl: 'http://127.0.0.1:8080', port: '8080' },
    { publicUrl: 'http://[::1]:8080', port: '8080' },
    { publicUrl: 'http://localhost', port: '80' },
  ])('names the ports and the fix for $publicUrl', ({ publicUrl, port }) => {
    expect(publicUrlWarning(publicUrl, URL_OF_START)).toBe(
      `PUBLIC_URL is ${publicUrl}, but npm start listens on port 9380, so the metadata and the audience name another server. Set PUBLIC_URL to http://localhost:9380, or PORT to ${port}.`,
    )
  })

  test.each([
    { name: 'the same port', publicUrl: 'http://localhost:9380' },
    { name: 'the same port at another loopback name', publicUrl: 'http://127.0.0.1:9380' },
    { name: 'a tunnel', publicUrl: 'https://abc.trycloudflare.com' },
    { name: 'a proxy with TLS on this machine', publicUrl: 'https://localhost:8443' },
    { name: 'a host in the local network', publicUrl: 'http://gateway.test:8080' },
  ])('is absent for $name', ({ publicUrl }) => {
    expect(publicUrlWarning(publicUrl, URL_OF_START)).toBeUndefined()
  })

  test.each([
    { publicUrl: 'http://localhost:8080', warned: true },
    { publicUrl: 'https://abc.trycloudflare.com', warned: false },
  ])('is in the JSON document: $warned for $publicUrl', ({ publicUrl, warned }) => {
    const { warnings } = startDocument({
      ...{ url: URL_OF_START, issuer: 'http://localhost:9381/', users: [] },
      variables: { PUBLIC_URL: publicUrl },
      warnings: { toolsWithoutBackend: [], ignored: [], gptActionsLimits: [] },
    })
    expect('publicUrl' in warnings).toBe(warned)
  })
})

const EMULATOR = 'http://localhost:9381/'
const PUBLIC_URL = 'https://mcp.example.com'

describe('the warning of npm start about the issuer', () => {
  test.each([EMULATOR, 'http://127.0.0.1:9381/', 'http://[::1]:9381/'])(
    'names PUBLIC_URL, the issuer %s and the page about tunnels',
    (issuer) => {
      expect(issuerWarning(PUBLIC_URL, issuer)).toBe(
        `PUBLIC_URL is https://mcp.example.com, but the issuer ${issuer} is available on this machine only, so ChatGPT cannot sign users in. Set OAUTH_ISSUER and the other variables of an Auth0 tenant: see "ChatGPT through a tunnel" in docs/local.md.`,
      )
      const page = readFileSync(new URL('../../docs/local.md', import.meta.url), 'utf8')
      expect(page).toContain('\n## ChatGPT through a tunnel\n')
    },
  )

  test.each([
    { name: 'an Auth0 tenant', publicUrl: PUBLIC_URL, issuer: 'https://t.us.auth0.com/' },
    { name: 'a PUBLIC_URL on this machine', publicUrl: URL_OF_START, issuer: EMULATOR },
    { name: 'TLS on this machine', publicUrl: 'https://localhost:8443', issuer: EMULATOR },
  ])('is absent for $name', ({ publicUrl, issuer }) => {
    expect(issuerWarning(publicUrl, issuer)).toBeUndefined()
  })

  test.each([
    { name: 'the emulator', variables: {}, warned: true },
    {
      name: 'an Auth0 tenant',
      variables: { OAUTH_ISSUER: 'https://t.us.auth0.com/' },
      warned: false,
    },
  ])('is in the JSON document for $name: $warned', ({ variables, warned }) => {
    const { warnings } = startDocument({
      ...{ url: URL_OF_START, issuer: EMULATOR, users: [] },
      variables: { PUBLIC_URL, ...variables },
      warnings: { toolsWithoutBackend: [], ignored: [], gptActionsLimits: [] },
    })
    expect('issuer' in warnings).toBe(warned)
  })
})
