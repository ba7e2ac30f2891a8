import { describe, expect, test } from 'vitest'
import { startClientRegistry } from '../../../support/auth0/client-registry.ts'
import { clientsForEachTest } from '../../../support/auth0/clients-run.ts'

const { registry, run, prune, client } = clientsForEachTest()

describe('npm run clients on failures of the Management API', () => {
  test.each([
    { operation: 'GET /grants', scope: 'read:grants' },
    { operation: 'GET /logs', scope: 'read:logs' },
    { operation: 'GET /client-grants', scope: 'read:client_grants' },
  ])(
    'deletes nothing without $scope and reports the missing scope',
    async ({ operation, scope }) => {
      client('tpc_1')
      client('tpc_2')
      registry.staged.broken.set(operation, 403)
      const { exitCode, shown } = await prune('--apply')
      expect(exitCode).toBe(1)
      expect(shown().failures).toMatchObject([{ scope, kind: 'scope-missing' }])
      expect(shown().deleted).toEqual([])
      expect(registry.clients).toHaveLength(2)
      expect((await run()).written).toContain(`Missing Management scopes: ${scope}\n`)
    },
  )

  test('reports that the clients could not be read without read:clients', async () => {
    client('tpc_1')
    registry.staged.broken.set('GET /clients', 403)
    for (const args of [[], ['--prune'], ['--prune', '--apply']]) {
      const { exitCode, written } = await run(...args)
      expect(exitCode).toBe(1)
      expect(written).toMatch(/^Tenant \S+: the clients could not be read\.\n/)
      expect(written).toContain('Missing Management scopes: read:clients\n')
      expect(written).not.toContain('Nothing to delete')
    }
  })

  test('stops at the first failed deletion and lists the clients deleted before it', async () => {
    client('tpc_1')
    client('tpc_2')
    client('tpc_3')
    registry.staged.before = (call) => {
      if (call === 'DELETE /clients/tpc_2') registry.staged.broken.set('DELETE /clients', 503)
    }
    const { exitCode, shown } = await prune('--apply')
    expect(exitCode).toBe(1)
    expect(shown().deleted).toEqual(['tpc_1'])
    expect(shown().failures).toMatchObject([{ scope: 'delete:clients', kind: 'failed' }])
    expect(registry.clients).toHaveLength(2)
  })

  test('reports a tenant that cannot be reached', async () => {
    const closed = await startClientRegistry()
    await closed[Symbol.asyncDispose]()
    Object.assign(registry, { domain: closed.domain })
    const { exitCode, written } = await run()
    expect(exitCode).toBe(1)
    expect(written).toContain('could not be reached')
  })
})
