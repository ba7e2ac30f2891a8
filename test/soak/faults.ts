import { setTimeout as sleep } from 'node:timers/promises'
import type { System } from '../../deploy/local/system.ts'
import { adminOf } from '../support/auth0/tenant-admin.ts'
import type { People } from './people.ts'

const PAUSE_MS = 1_500
const OUTAGE_MS = 2_000

/**
 * Brings one fault after the other until it is over: each function replaced in turn, an outage of
 * Auth0, a rotated key, a log stream that delivers late and in another format. From half-time on no
 * function is replaced, so that its memory can be watched. Returns how often.
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

/** Tokens by the key before the last rotation are no longer good, so everybody signs in anew. */
async function rotate(tenant: TenantAdmin, people: People): Promise<void> {
  await tenant.change({ rotateKeys: true })
  await people.signInAgain()
}
