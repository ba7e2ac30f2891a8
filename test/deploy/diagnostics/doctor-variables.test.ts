import { expect, test } from 'vitest'
import { idsOf } from '../../support/auth0/doctor.ts'
import { api, sink } from '../../support/auth0/doctor-changes.ts'
import { doctorForAllTests } from '../../support/auth0/doctor-tenant.ts'
import { FORMER_LOG_WEBHOOK_SECRET } from '../../support/http/front.ts'

const { examine } = doctorForAllTests()

test('takes variables other than the credentials from the deployment', async () => {
  const env = {
    PUBLIC_URL: undefined,
    TOOLS: undefined,
    LOG_WEBHOOK_SECRET: undefined,
    GOOGLE_CONNECTION_NAME: undefined,
  }
  const report = await examine(sink({ httpAuthorization: FORMER_LOG_WEBHOOK_SECRET }), env)
  expect(report.findings).toEqual([])
  expect(idsOf(await examine(api({ signing_alg: 'HS256' }), env))).toEqual(['api_signing_alg'])
})

test('reports placeholders in variables, which the functions refuse too', async () => {
  const report = await examine(undefined, { MGMT_CLIENT_SECRET: 'replace-with-random' })
  expect(report.findings).toMatchObject([
    { id: 'variables_refused', seen: expect.stringContaining('MGMT_CLIENT_SECRET') },
  ])
})

test('names the missing variables when it skips the tenant', async () => {
  const report = await examine(undefined, { MGMT_CLIENT_SECRET: undefined })
  expect(report.findings).toEqual([])
  expect(report.skipped).toContainEqual(
    expect.objectContaining({
      name: 'api',
      reason: expect.stringContaining('MGMT_CLIENT_SECRET is required'),
    }),
  )
})

test('reports variables that differ from those of the deployment', async () => {
  const other = { TOOL_SCOPES_JSON: '{"new":["events:read"]}', TOOLS: undefined }
  expect(idsOf(await examine(undefined, other))).toContain('variables_differ')
  const { findings } = await examine(undefined, { OAUTH_AUDIENCE: 'https://old.example/mcp' })
  expect(idsOf({ findings })).toContain('variables_differ')
})
