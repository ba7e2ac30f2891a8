import { describe, expect, test } from 'vitest'
import { AUDIENCE, CIMD_URL } from '../../../support/auth0/provision.ts'
import {
  partsOf,
  REFRESHED,
  runsOn,
  tenantForEachTest,
} from '../../../support/auth0/provision-run.ts'
import { renameDocument } from '../../../support/auth0/tenant-api.ts'

const CIMD = ['--cimd', CIMD_URL]

const api = tenantForEachTest()
const { run, applied, planned, expectNothingToDo } = runsOn(() => api)
const { connectionOf, isRegistrationOpen } = partsOf(api)

describe('--cimd', () => {
  const FLAG = 'client_id_metadata_document_supported'
  const advertised = () => api.tenant.settings[FLAG]

  test('advertises metadata documents after the import and creates a grant for the client', async () => {
    await applied(CIMD)
    const paths = api.writes.map(({ path, body }) => (FLAG in Object(body) ? FLAG : path))
    expect(paths.indexOf('/clients/cimd/register')).toBeLessThan(paths.indexOf(FLAG))
    const client = api.tenant.clients.find((one) => one['external_client_id'] === CIMD[1])
    expect(api.tenant.grants).toContainEqual(
      expect.objectContaining({ client_id: client?.['client_id'], audience: AUDIENCE }),
    )
  })

  test('refreshes the imported document on each run and plans no change', async () => {
    await applied(CIMD)
    for (const args of [CIMD, []]) await expectNothingToDo(args, {}, REFRESHED)
    const again = await run([...CIMD, '--apply'])
    expect(again.stdout).toContain('refreshed  client  https://chatgpt.com/oauth/client.json')
    expect(again.stdout).not.toMatch(/^client id/m)
    expect(api.tenant.clients.filter((one) => 'external_client_id' in one)).toHaveLength(1)
  })

  test.each([400, 403])('succeeds if Auth0 rejects the refresh with %i', async (status) => {
    await applied(CIMD)
    const message = 'The document could not be read.'
    api.fail(REFRESHED[0] ?? '', { status, message })
    const { exitCode, stdout } = await run([...CIMD, '--apply'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('The imported client is unchanged')
  })

  test('does not advertise metadata documents if the import fails', async () => {
    api.state.faults = { ...api.state.faults, cimdViolations: ['client_name is missing'] }
    const { exitCode, stdout } = await run([...CIMD, '--apply'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('client_name is missing')
    expect(stdout).toMatch(/Skipped.*\n {4}tenant {2}client ID metadata documents/)
    expect(advertised()).toBeUndefined()
    expect(isRegistrationOpen()).toBe(true)
  })

  test.each(['preview', 'register'])(
    'names the Auth0 plan that private_key_jwt requires if %s is refused',
    async (call) => {
      const message = 'Please upgrade your subscription to use private_key_jwt.'
      api.fail(`POST /clients/cimd/${call}`, { status: 403, message })
      const { exitCode, stdout } = await run([...CIMD, '--apply'])
      expect(exitCode).toBe(1)
      expect(stdout).toContain('Auth0 supports private_key_jwt only on its Enterprise plan')
      expect(stdout).not.toContain('Missing Management scopes')
      expect(advertised()).toBeUndefined()
    },
  )

  test('imports a changed document again', async () => {
    await applied(CIMD)
    renameDocument(api, 'ChatGPT (new)')
    const change = (await planned(CIMD)).find(({ action }) => action === 'change')
    expect(change?.changes).toEqual([{ field: 'name', before: 'ChatGPT', after: 'ChatGPT (new)' }])
    await applied(CIMD)
    await expectNothingToDo(CIMD, {}, REFRESHED)
  })

  test("reports and corrects advertised metadata documents without an import of ChatGPT's", async () => {
    api.tenant.settings[FLAG] = true
    const { stdout } = await run()
    expect(stdout).toContain('i report  tenant  client ID metadata documents')
    expect(stdout).toContain('--cimd https://chatgpt.com/oauth/client.json')
    await applied(CIMD)
    expect((await run()).stdout).not.toContain('no document of ChatGPT')
  })

  test('imports the client and enables metadata documents in the tenant', async () => {
    await applied(['--cimd', CIMD_URL])
    expect(api.tenant.settings).toMatchObject({ client_id_metadata_document_supported: true })
    expect(api.tenant.clients).toContainEqual(
      expect.objectContaining({ external_client_id: CIMD_URL }),
    )
    expect((await run(['--cimd', CIMD_URL])).stdout).toContain('Nothing to do')
  })

  test('makes the connection domain-level even in a permissive tenant, because imported clients are strict', async () => {
    api.state.mode = 'permissive'
    await applied(['--cimd', CIMD_URL])
    expect(connectionOf('google-oauth2')).toMatchObject({ is_domain_connection: true })
  })

  test('reports the errors that Auth0 finds in the document', async () => {
    const { exitCode, stdout } = await run(['--apply', '--cimd', 'https://invalid.example/c.json'])
    expect(exitCode).toBe(1)
    expect(stdout).toContain('client_name is missing')
    expect(stdout).toContain('In place:')
    expect(api.tenant.settings).not.toHaveProperty('client_id_metadata_document_supported')
  })
})
