import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import {
  api,
  type Change,
  sink,
  tenantOptions,
  type Variables,
} from '../../support/auth0/doctor-tenant.ts'
import { FORMER_LOG_WEBHOOK_SECRET, type Front, startFront } from '../../support/http/front.ts'

let front: Front
beforeAll(async () => {
  front = await startFront()
})
afterAll(() => front?.[Symbol.asyncDispose]())

const optionsFor = (change: Change, env: Variables = {}, { url } = front) =>
  tenantOptions(url, change, env)

function examine(change: Change = () => ({}), env: Variables = {}, args: readonly string[] = []) {
  return doctorReport([front.url, ...args], optionsFor(change, env))
}

describe('the variables', () => {
  test('beside the credentials are taken from the deployment', async () => {
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

  test('that are placeholders are refused as the functions would', async () => {
    const report = await examine(undefined, { MGMT_CLIENT_SECRET: 'replace-with-random' })
    expect(report.findings).toMatchObject([
      { id: 'variables_refused', seen: expect.stringContaining('MGMT_CLIENT_SECRET') },
    ])
  })

  test('that are missing are named', async () => {
    const report = await examine(undefined, { MGMT_CLIENT_SECRET: undefined })
    expect(report.findings).toEqual([])
    expect(report.skipped).toContainEqual(
      expect.objectContaining({
        name: 'api',
        reason: expect.stringContaining('MGMT_CLIENT_SECRET is required'),
      }),
    )
  })

  test('that are not those of the deployment are a fault', async () => {
    const other = { TOOL_SCOPES_JSON: '{"new":["events:read"]}', TOOLS: undefined }
    expect(idsOf(await examine(undefined, other))).toContain('variables_differ')
    const { findings } = await examine(undefined, { OAUTH_AUDIENCE: 'https://old.example/mcp' })
    expect(idsOf({ findings })).toContain('variables_differ')
  })
})
