import type { Management as Auth0 } from 'auth0'
import { beforeEach, expect } from 'vitest'
import type { ClientsIo } from '../../../deploy/auth0/clients/run-clients.ts'
import { clientsCommand } from '../../../deploy/commands/clients.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import { startedForEachTest } from '../each-test.ts'
import { startClientRegistry } from './client-registry.ts'
import { MGMT_CLIENT_ID, MGMT_CLIENT_SECRET } from './provision.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
export const AUDIENCE = 'https://mcp.test/mcp'
export const CALLBACK = 'https://chatgpt.com/connector/oauth/abc'

/** The output of `npm run clients -- --json`. */
export interface Shown {
  readonly clients: readonly {
    readonly client_id: string
    readonly dead?: boolean
    readonly reason?: string
    readonly [member: string]: unknown
  }[]
  readonly others: number
  readonly deleted: readonly string[]
  readonly kept: readonly unknown[]
  readonly failures: readonly { readonly scope: string; readonly kind: string }[]
}

/** The changes of a permissive client by its promotion. */
export const PROMOTED: Auth0.Client = {
  is_first_party: true,
  third_party_security_mode: 'permissive',
  oidc_conformant: true,
  jwt_configuration: { alg: 'RS256' },
}

export const DCR: Auth0.Client = {
  external_metadata_type: 'dcr',
  external_metadata_created_by: 'client',
}
export const SELF_CIMD: Auth0.Client = { ...DCR, external_metadata_type: 'cimd' }

/** The time this number of days before the run, in ISO 8601. */
export function daysAgo(days: number): string {
  return new Date(NOW - days * 86_400_000).toISOString()
}

/** A tenant for each test of a file, functions that fill it, and runs of `npm run clients` against it. */
export function clientsForEachTest() {
  const registry = startedForEachTest(startClientRegistry)
  beforeEach(() => logged('s', 90, 'somebody-else'))

  function environment() {
    return {
      PUBLIC_URL: 'https://mcp.test',
      MGMT_DOMAIN: registry.domain,
      MGMT_CLIENT_ID,
      MGMT_CLIENT_SECRET,
    }
  }

  async function run(...args: readonly string[]) {
    let written = ''
    let error = ''
    const exitCode = await runCommand<ClientsIo>(clientsCommand, {
      args,
      env: environment(),
      write: (text) => {
        written += text
      },
      writeError: (text) => {
        error += text
      },
      calls: { maxAttempts: 1 },
      now: () => NOW,
    })
    expect(registry.faults).toEqual([])
    expect(written + error).not.toContain(MGMT_CLIENT_SECRET)
    return { exitCode, written, error, shown: () => JSON.parse(written) as Shown }
  }

  const prune = (...args: readonly string[]) => run('--prune', '--json', ...args)

  /** Adds an unused strict client that registered 60 days ago. */
  function client(clientId: string, changes: Auth0.Client = {}): void {
    registry.clients.push({
      client_id: clientId,
      name: 'ChatGPT',
      callbacks: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      is_first_party: false,
      third_party_security_mode: 'strict',
      created_at: daysAgo(60),
      ...changes,
    })
  }

  function logged(type: string, days: number, clientId: string): void {
    registry.logs.push({ type, date: daysAgo(days), client_id: clientId })
  }

  function grantedBy(userId: string, clientId: string): void {
    registry.userGrants.push({ id: `gnt_${userId}`, clientID: clientId, user_id: userId })
  }

  return { registry, environment, run, prune, client, logged, grantedBy }
}
