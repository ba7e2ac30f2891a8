import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { parseMetadataConfig } from '../../functions/metadata/config.ts'
import { checkIssuer } from '../../functions/metadata/curated.ts'
import { ConfigError } from '../../shared/config.ts'
import { fetchJson } from '../../shared/http/fetch-json.ts'
import { createLog } from '../../shared/log.ts'
import { metadataStack } from '../support/functions/metadata.ts'
import { discoveryOf } from '../support/http/issuer.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js'
const PATHS = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/mcp/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]
const PATH = PATHS[0] ?? ''

const { issuer, environment, start } = await metadataStack({ AUTH_SERVER_METADATA: 'curated' })

const sendingIss = () => ({
  ...discoveryOf(issuer.url),
  authorization_response_iss_parameter_supported: true,
})

describe('the curated document', () => {
  test('has its own issuer and registration endpoint and the other endpoints of Auth0, at all paths', async () => {
    issuer.staged.discovery = {
      ...discoveryOf(issuer.url),
      revocation_endpoint: `${issuer.url}oauth/revoke`,
      device_authorization_endpoint: `${issuer.url}oauth/device/code`,
      client_id_metadata_document_supported: true,
      claims_supported: ['email'],
      authorization_response_iss_parameter_supported: false,
    }
    const { send } = await start()
    const documents = await Promise.all(PATHS.map((path) => send({ path })))
    expect(new Set(documents.map(({ text: document }) => document)).size).toBe(1)
    expect(documents[0]?.headers['access-control-allow-origin']).toBe('*')
    expect(documents[0]?.headers['cache-control']).toBe('public, max-age=300, s-maxage=300')
    expect(documents[0]?.json()).toEqual({
      issuer: 'https://mcp.test',
      authorization_endpoint: `${issuer.url}authorize`,
      token_endpoint: `${issuer.url}oauth/token`,
      revocation_endpoint: `${issuer.url}oauth/revoke`,
      jwks_uri: `${issuer.url}.well-known/jwks.json`,
      registration_endpoint: 'https://mcp.test/oauth/register',
      scopes_supported: ['events:read', 'events:write', 'offline_access'],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
    })
  })

  test('has exactly the issuer that the protected resource metadata names', async () => {
    const { send } = await start({ PUBLIC_URL: 'https://mcp.test/' })
    const prm = await send({ path: '/.well-known/oauth-protected-resource/mcp' })
    expect(prm.json()).toMatchObject({ authorization_servers: ['https://mcp.test'] })
    expect((await send({ path: PATH })).json()).toMatchObject({ issuer: 'https://mcp.test' })
  })

  test.each([
    { theirs: ['openid', 'profile'], scopes: ['events:read', 'events:write'] },
    { theirs: undefined, scopes: ['events:read', 'events:write'] },
    { theirs: ['offline_access'], scopes: ['events:read', 'events:write', 'offline_access'] },
  ])(
    'lists the scopes of the catalogue and only offline_access of the issuer scopes $theirs',
    async ({ theirs, scopes }) => {
      issuer.staged.discovery = { ...discoveryOf(issuer.url), scopes_supported: theirs }
      const { send } = await start()
      expect((await send({ path: PATH })).json()).toMatchObject({ scopes_supported: scopes })
    },
  )

  test('is replaced by 502 when the issuer starts to send iss, even if it is cached', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const { send, lines } = await start()
    expect((await send({ path: PATH })).status).toBe(200)
    issuer.staged.discovery = sendingIss()
    vi.setSystemTime(startedAt + 6 * 60_000)
    for (const path of PATHS) {
      const answer = await send({ path })
      expect(answer.status).toBe(502)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json()).toEqual({
        error: 'authorization_server_sends_iss',
        message: expect.stringContaining('RFC 9207'),
      })
    }
    expect(lines).toContainEqual(
      expect.objectContaining({ reason: 'authorization_server_sends_iss' }),
    )
    issuer.staged.discovery = undefined
    vi.setSystemTime(startedAt + 7 * 60_000)
    expect((await send({ path: PATH })).status).toBe(200)
  })

  test('is served stale during an outage of the issuer', async () => {
    const startedAt = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: startedAt })
    const { send } = await start()
    const before = await send({ path: PATH })
    issuer.staged.outage = true
    vi.setSystemTime(startedAt + 6 * 60_000)
    expect((await send({ path: PATH })).text).toBe(before.text)
  })

  test.each(['authorization_endpoint', 'token_endpoint'])(
    'is replaced by 502 if the issuer metadata has no %s',
    async (name) => {
      issuer.staged.discovery = { ...discoveryOf(issuer.url), [name]: undefined }
      const { send } = await start()
      const answer = await send({ path: PATH })
      expect(answer.status).toBe(502)
      expect(answer.json()).toMatchObject({ error: 'authorization_server_incomplete' })
    },
  )
})

describe('the check of the issuer at startup', () => {
  const lines: string[] = []
  const log = createLog({ service: 'test', level: 'debug', write: (line) => lines.push(line) })

  test('rejects an issuer that sends iss, and the error names the setting to change', async () => {
    issuer.staged.discovery = sendingIss()
    await expect(checkIssuer(issuer.url, fetchJson, log)).rejects.toThrow(ConfigError)
    await expect(checkIssuer(issuer.url, fetchJson, log)).rejects.toThrow(
      /AUTH_SERVER_METADATA.*authorization_response_iss_parameter_supported.*RFC 9207.*issuer$/s,
    )
  })

  test('accepts an issuer that does not send iss, and an unavailable one with a warning', async () => {
    await checkIssuer(issuer.url, fetchJson, log)
    expect(lines).toEqual([])
    issuer.staged.outage = true
    await checkIssuer(issuer.url, fetchJson, log)
    expect(lines).toEqual([expect.stringContaining('"reason":"status_503"')])
  })

  async function run(env: Readonly<Record<string, string>>) {
    const { PATH: path = '' } = process.env
    const child = spawn(
      process.execPath,
      [FRAMEWORK, '--source=functions/metadata/index.ts', '--target=metadata', '--port=0'],
      {
        cwd: ROOT,
        env: { PATH: path, NODE_ENV: 'production', ...environment(env) },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [written, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    return { written, code }
  }

  test('ends the process before it listens', async () => {
    issuer.staged.discovery = sendingIss()
    const { written, code } = await run({})
    expect(code).toBe(1)
    expect(written.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(written)).toMatchObject({
      severity: 'ERROR',
      message: 'configuration_refused',
      faults: [expect.stringContaining('RFC 9207')],
    })
  })
})

test('AUTH_SERVER_METADATA must be issuer or curated and defaults to issuer', () => {
  expect(parseMetadataConfig(environment({ AUTH_SERVER_METADATA: '' }))).toMatchObject({
    AUTH_SERVER_METADATA: 'issuer',
  })
  expect(() => parseMetadataConfig(environment({ AUTH_SERVER_METADATA: 'mirror' }))).toThrow(
    'AUTH_SERVER_METADATA must be issuer or curated',
  )
})
