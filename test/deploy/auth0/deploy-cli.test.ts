import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type LocalTenant, startLocalTenant } from '../../support/auth0/local-tenant.ts'
import { LOG_WEBHOOK_SECRET, provision } from '../../support/auth0/provision.ts'
import { canMakeCertificates, startTlsProxy, type TlsProxy } from '../../support/http/tls-proxy.ts'

const CLI = fileURLToPath(
  new URL('../../../node_modules/auth0-deploy-cli/lib/index.js', import.meta.url),
)
const AUDIENCE = 'https://mcp.example.com/mcp'
const MANAGEMENT = { clientId: 'mgmt-client', clientSecret: 'a-management-secret-0123456789abcdef' }
const ENV = { MGMT_CLIENT_ID: MANAGEMENT.clientId, MGMT_CLIENT_SECRET: MANAGEMENT.clientSecret }
/** The sections of the exported file. The Auth0 emulator implements the others only in part. */
const SECTIONS = [
  ...['tenant', 'resourceServers', 'clients', 'clientGrants'],
  ...['connections', 'logStreams', 'roles'],
]
/** An import makes hundreds of calls, and the machine may be busy. */
const PATIENCE_MS = 300_000

const reason = !existsSync(CLI)
  ? 'auth0-deploy-cli is not installed: npm ci'
  : !canMakeCertificates() && 'openssl is not installed, which makes the certificate'
// On stderr, so that reporters that print only failures show it too.
if (reason) process.stderr.write(`SKIPPED: auth0-deploy-cli was not tried. ${reason}\n`)

describe.skipIf(reason)('auth0-deploy-cli', () => {
  let tenant: LocalTenant
  let proxy: TlsProxy
  let directory: string

  beforeAll(async () => {
    tenant = await startLocalTenant({ empty: true, management: MANAGEMENT })
    proxy = await startTlsProxy(tenant.port)
    directory = await mkdtemp(join(tmpdir(), 'deploy-cli-'))
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await tenant?.close()
    if (directory !== undefined) await rm(directory, { recursive: true })
  })

  const domain = () => `localhost:${tenant.port}`
  const file = (name: string) => join(directory, name)
  const onTenant = (args: readonly string[]) => provision({ domain: domain(), args, env: ENV })

  /** Runs a0deploy in its own folder. Returns its exit code, its output and its write calls. */
  const a0deploy = async (args: readonly string[]) => {
    const before = proxy.passed.length
    const env = {
      PATH: process.env['PATH'],
      HOME: directory,
      NODE_EXTRA_CA_CERTS: proxy.certificate,
      AUTH0_DOMAIN: proxy.host,
      AUTH0_AUDIENCE: `https://${domain()}/api/v2/`,
      AUTH0_CLIENT_ID: MANAGEMENT.clientId,
      AUTH0_CLIENT_SECRET: MANAGEMENT.clientSecret,
      AUTH0_INCLUDED_ONLY: JSON.stringify(SECTIONS),
      AUTH0_KEYWORD_REPLACE_MAPPINGS: JSON.stringify({ LOG_WEBHOOK_SECRET }),
    }
    const said = await new Promise<{ readonly code: unknown; readonly output: string }>((done) => {
      execFile(
        process.execPath,
        [CLI, ...args],
        { cwd: directory, env, timeout: PATIENCE_MS },
        (error, stdout, stderr) => done({ code: error?.code ?? 0, output: stdout + stderr }),
      )
    })
    const calls = proxy.passed.slice(before)
    const isRead = ({ method, path }: (typeof calls)[number]) =>
      method === 'GET' || path === '/oauth/token'
    const writes = calls.filter((call) => !isRead(call))
    return { ...said, writes: writes.map(({ method, path }) => `${method} ${path}`) }
  }
  const imported = () => a0deploy(['import', '--input_file', file('tenant.yaml')])

  /** The part of the tenant that a second import must not change. */
  const state = async () => {
    const { management } = tenant
    return {
      settings: await management.tenants.settings.get(),
      apis: (await management.resourceServers.list()).data,
      grants: (await management.clientGrants.list()).data,
      clients: (await management.clients.list()).data,
      connections: (await management.connections.list()).data,
      roles: (await management.roles.list()).data,
      streams: await management.logStreams.list(),
    }
  }

  test(
    'imports the exported state and changes nothing on a second import',
    async () => {
      await onTenant(['--export', file('tenant.yaml')])
      const first = await imported()
      expect(first.output).toContain('Import Successful')
      expect(first.code).toBe(0)
      const before = await state()
      expect(before.apis).toContainEqual(expect.objectContaining({ identifier: AUDIENCE }))
      expect(before.streams[0]).toMatchObject({
        sink: { httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}` },
      })

      const second = await imported()
      expect(second).toMatchObject({ code: 0 })
      expect(await state()).toEqual(before)
    },
    PATIENCE_MS * 2,
  )

  test('leaves nothing to do for `npm run provision` after an import', async () => {
    const { stdout, exitCode } = await onTenant(['--apply'])
    expect(stdout).toContain('Nothing to do')
    expect(exitCode).toBe(0)
  })

  test(
    'exports the same file twice and changes nothing in the tenant',
    async () => {
      const before = await state()
      for (const name of ['one', 'two']) {
        const run = await a0deploy(['export', '--format', 'yaml', '--output_folder', file(name)])
        expect(run.output).toContain('Export Successful')
        expect(run).toMatchObject({ code: 0, writes: [] })
      }
      const [one = '', two] = await Promise.all(
        ['one', 'two'].map((name) => readFile(join(file(name), 'tenant.yaml'), 'utf8')),
      )
      expect(two).toBe(one)
      expect(parse(one).resourceServers).toContainEqual(
        expect.objectContaining({ identifier: AUDIENCE, signing_alg: 'RS256' }),
      )
      expect(await state()).toEqual(before)
    },
    PATIENCE_MS * 2,
  )
})
