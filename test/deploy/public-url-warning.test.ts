import { describe, expect, test } from 'vitest'
import { publicUrlWarning } from '../../deploy/local/public-url-warning.ts'
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
