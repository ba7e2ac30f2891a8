import { beforeEach, describe, expect, test } from 'vitest'
import { AUDIENCE, OPEN, SCOPES } from '../../../support/auth0/provision.ts'
import { partsOf, runsOn, tenantForEachTest } from '../../../support/auth0/provision-run.ts'

const api = tenantForEachTest()
const { run, applied } = runsOn(() => api)
const { apiOf, grantOf } = partsOf(api)

describe('provision with scopes that are not in the catalogue', () => {
  const FEWER = { ...OPEN, TOOL_SCOPES_JSON: '{"listEvents":["events:read"]}' }

  beforeEach(() => applied([], OPEN))

  test('reports them and keeps them in the API and in the grant', async () => {
    const { exitCode, stdout } = await run(['--apply'], FEWER)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('events:write: not in the catalogue; kept')
    expect(apiOf()?.['scopes']).toHaveLength(2)
    expect(grantOf()?.['scope']).toEqual(SCOPES)
    expect((await run([], FEWER)).stdout).toContain('Nothing to do')
  })

  test('removes them with --prune from the grant, then from the API', async () => {
    const writes = api.writes.length
    await applied([], FEWER)
    await applied(['--prune'], FEWER)
    expect(api.writes.slice(writes).map(({ body }) => body)).toEqual([
      {
        scopes: [
          { value: 'events:read', description: 'Tools: listEvents' },
          { value: 'events:write', description: 'Tools: addEvent, summarizeEvents' },
        ],
      },
      {
        permissions: [{ resource_server_identifier: AUDIENCE, permission_name: 'events:write' }],
      },
      { scope: ['events:read'] },
      { scopes: [{ value: 'events:read', description: 'Tools: listEvents' }] },
    ])
    expect((await run(['--prune'], FEWER)).stdout).toContain('Nothing to do')
  })

  test('keeps scopes of other systems when it updates the API', async () => {
    const scopes = apiOf()?.['scopes'] as object[]
    scopes.push({ value: 'admin', description: 'of another system' })
    const MORE = { TOOL_SCOPES_JSON: '{"listEvents":["events:read"],"x":["events:delete"]}' }
    await applied([], MORE)
    expect(apiOf()?.['scopes']).toEqual([
      { value: 'events:read', description: 'Tools: listEvents' },
      { value: 'events:write', description: 'Tools: addEvent, summarizeEvents' },
      { value: 'admin', description: 'of another system' },
      { value: 'events:delete', description: 'Tools: x' },
    ])
  })
})
