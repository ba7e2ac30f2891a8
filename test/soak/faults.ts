import { setTimeout as sleep } from 'node:timers/promises'
import type { System } from '../../deploy/local/system.ts'
import { adminOf } from '../support/auth0/tenant-admin.ts'
import type { People } from './people.ts'

const PAUSE_MS = 1_500
const OUTAGE_MS = 2_000

/**
 * Causes one fault after the other until `over` aborts: the replacement of each function, an outage of
 * Auth0, a key rotation, a log stream that delivers late and in another format. After `halfTime` no
 * function is replaced, so that memory can be measured. Returns the count of each fault.
 */
export async function runFaults(
  system: System,
  people: People,
  { halfTime, over }: { readonly halfTime: AbortSignal; readonly over: AbortSignal },
): Promise<ReadonlyMap<string, number>> {
  const tenant = adminOf(system.tenant)
  const replace = (name: 'metadata' | 'gateway' | 'log-webhook') => async () => {
    if (!halfTime.aborted) process.kill(system.functions[name].pid() ?? 0, 'SIGTERM')
  }
  const faults: readonly (readonly [string, () => Promise<void>])[] = [
    ['gateway replaced', replace('gateway')],
    ['Auth0 down', () => outage(tenant)],
    ['key rotated', () => rotate(tenant, people)],
    ['log-webhook replaced', replace('log-webhook')],
    ['metadata replaced', replace('metadata')],
    ['log stream late', () => tenant.change({ logStream: { delayMs: 500, format: 'JSONLINES' } })],
    ['new clients', () => people.signInAgain()],
  ]
  const brought = new Map<string, number>()
  for (let turn = 0; !over.aborted; turn++) {
    const [name, bring] = faults[turn % faults.length] ?? ['', async () => undefined]
    await bring()
    brought.set(name, (brought.get(name) ?? 0) + 1)
    await sleep(PAUSE_MS)
  }
  return brought
}

type TenantAdmin = ReturnType<typeof adminOf>

async function outage(tenant: TenantAdmin): Promise<void> {
  await tenant.change({ outage: true })
  await sleep(OUTAGE_MS)
  await tenant.change({ outage: false })
}

/** Tokens that were signed with the key before the last one are invalid, so both users sign in again. */
async function rotate(tenant: TenantAdmin, people: People): Promise<void> {
  await tenant.change({ rotateKeys: true })
  await people.signInAgain()
}
