import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { AUDIENCE, LOG_WEBHOOK_SECRET, provision } from '../../../support/auth0/provision.ts'
import { tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const REDIRECT_URI = 'https://chatgpt.com/connector/oauth/abc123'

const api = tenantForEachTest()

type Json = Record<string, unknown>
type Sections = Record<string, Json[]> & { readonly tenant: Json }

async function exported(args: readonly string[] = [], env = {}): Promise<Sections> {
  const { exitCode, stdout } = await provision({
    domain: api.domain,
    args: ['--export', ...args],
    env,
  })
  expect(exitCode).toBe(0)
  return parse(stdout) as Sections
}

test('the exported file contains the state that --apply creates', async () => {
  const args = ['--predefined', REDIRECT_URI]
  const yaml = await exported(args)
  expect(api.writes).toEqual([])
  await provision({ domain: api.domain, args: ['--apply', ...args] })
  const { tenant } = api

  const [grant] = yaml['clientGrants'] ?? []
  const made = tenant.clients.find(({ name }) => name === grant?.['client_id'])
  expect(tenant.settings).toMatchObject(yaml.tenant)
  const { subject_type_authorization: access, ...server } = Object(yaml['resourceServers']?.[0])
  // Auth0 adds a policy for clients.
  const subject_type_authorization = expect.objectContaining(access)
  expect(tenant.apis).toContainEqual(
    expect.objectContaining({ ...server, subject_type_authorization }),
  )
  expect(tenant.connections).toContainEqual(expect.objectContaining(yaml['connections']?.[0]))
  const client_id = made?.['client_id']
  expect(tenant.grants).toContainEqual(expect.objectContaining({ ...grant, client_id }))
  expect(tenant.roles).toContainEqual(
    expect.objectContaining({
      ...yaml['roles']?.[0],
      permissions: expect.arrayContaining(Object(yaml['roles']?.[0]?.['permissions'])),
    }),
  )
  expect(tenant.clients).toContainEqual(expect.objectContaining(yaml['clients']?.[0]))
  const [stream] = yaml['logStreams'] ?? []
  const sink = { ...Object(stream?.['sink']), httpAuthorization: `Bearer ${LOG_WEBHOOK_SECRET}` }
  expect(tenant.streams).toContainEqual(expect.objectContaining({ ...stream, sink }))
})

test('the exported file is the same before and after --apply', async () => {
  const before = await exported()
  // Auth0's default for an API that it creates.
  const access = Object(before['resourceServers']?.[0]?.['subject_type_authorization'])
  access.client = { policy: 'require_client_grant' }
  await provision({ domain: api.domain, args: ['--apply'] })
  expect(await exported()).toEqual(before)
})

test('the exported file contains a keyword for auth0-deploy-cli in place of the secret', async () => {
  const { logStreams } = await exported()
  expect(logStreams?.[0]).toMatchObject({
    sink: { httpAuthorization: 'Bearer ##LOG_WEBHOOK_SECRET##' },
  })
})

test('the exported file keeps names and scopes of the tenant, because auth0-deploy-cli replaces lists', async () => {
  await provision({ domain: api.domain, args: ['--apply'] })
  const [server, stream] = [
    api.tenant.apis.find(({ identifier }) => identifier === AUDIENCE),
    api.tenant.streams.at(-1),
  ]
  const scopes = [...Object(server?.['scopes']), { value: 'admin' }]
  Object.assign(server ?? {}, { name: 'Renamed', scopes })
  Object.assign(stream ?? {}, { name: 'Renamed too' })
  const { resourceServers, logStreams } = await exported()
  expect(resourceServers?.[0]).toMatchObject({ name: 'Renamed' })
  expect(resourceServers?.[0]?.['scopes']).toContainEqual({ value: 'admin' })
  expect(logStreams?.[0]).toMatchObject({ name: 'Renamed too' })

  const pruned = await exported(['--prune'])
  expect(pruned['resourceServers']?.[0]?.['scopes']).toHaveLength(2)
})

test('a database connection is exported in the databases section', async () => {
  Object.assign(api.tenant.connections[0] ?? {}, { strategy: 'auth0' })
  const { databases, connections } = await exported()
  expect(databases).toEqual([
    { name: 'google-oauth2', strategy: 'auth0', is_domain_connection: true },
  ])
  expect(connections).toBeUndefined()
})

test('the export of a permissive tenant contains no connections', async () => {
  api.state.mode = 'permissive'
  const { tenant, connections } = await exported()
  expect(tenant).not.toHaveProperty('dynamic_client_registration_security_mode')
  expect(connections).toBeUndefined()
})

test.each([
  ['--export', 'FILE'],
  ['--export=FILE', ''],
])('%s %s writes the export to a file', async (option, value) => {
  const directory = await mkdtemp(join(tmpdir(), 'provision-'))
  const file = join(directory, 'tenant.yaml')
  const args = [option, value].filter((arg) => arg !== '').map((arg) => arg.replace('FILE', file))
  const { exitCode, stdout } = await provision({ domain: api.domain, args })
  const text = await readFile(file, 'utf8')
  await rm(directory, { recursive: true })

  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
  expect(parse(text)).toEqual(await exported())
})

test('the export fails if a part of the tenant cannot be read', async () => {
  api.stage({ scopes: ['read:resource_servers'] })
  const { exitCode, stdout, stderr } = await provision({ domain: api.domain, args: ['--export'] })
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('read:tenant_settings')
})

test('an export file that cannot be written is reported in one line without a stack trace', async () => {
  const args = ['--export', '/nonexistent/tenant.yaml']
  const { exitCode, stderr } = await provision({ domain: api.domain, args })
  expect(exitCode).toBe(1)
  expect(stderr).toBe('/nonexistent/tenant.yaml cannot be written (ENOENT)\n')
})

test('the export keeps the display name of a connection and sets the log stream to active', async () => {
  Object.assign(api.tenant.connections[0] ?? {}, { display_name: 'Staff' })
  const { connections, logStreams } = await exported()
  expect(connections?.[0]).toMatchObject({ display_name: 'Staff', is_domain_connection: true })
  expect(logStreams?.[0]).toMatchObject({ status: 'active' })
})

test('the export contains the security mode, iss and the token lifetime only with their options', async () => {
  expect((await exported()).tenant).toEqual({
    flags: { enable_dynamic_client_registration: true },
    resource_parameter_profile: 'compatibility',
  })
  const { tenant, resourceServers } = await exported([
    ...['--strict', '--iss', '--predefined', '--token-lifetime', '900'],
  ])
  expect(tenant).toMatchObject({
    dynamic_client_registration_security_mode: 'strict',
    authorization_response_iss_parameter_supported: true,
  })
  expect(resourceServers?.[0]).toMatchObject({ token_lifetime: 900 })
})

test('the export advertises metadata documents only after one was imported', async () => {
  const args = ['--cimd', 'https://chatgpt.com/oauth/client.json']
  expect((await exported(args)).tenant).not.toHaveProperty('client_id_metadata_document_supported')
  await provision({ domain: api.domain, args: ['--apply', ...args] })
  expect((await exported(args)).tenant).toMatchObject({
    client_id_metadata_document_supported: true,
  })
})

test('the export contains the default grant with open access and the log stream with admitted access', async () => {
  const { clientGrants, logStreams } = await exported([], { THIRD_PARTY_ACCESS: 'open' })
  expect(clientGrants).toEqual([
    expect.objectContaining({ default_for: 'third_party_clients', subject_type: 'user' }),
  ])
  expect(logStreams).toBeUndefined()
  const admitted = await exported()
  expect(admitted['clientGrants']).toBeUndefined()
  expect(admitted['logStreams']).toHaveLength(1)
})
