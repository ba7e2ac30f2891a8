/**
 * `npm run soak [-- --seconds 300]`: runs the whole system on this machine with valid and hostile traffic
 * while functions are replaced and Auth0 fails. Exits with 1 if a response was wrong, a write was lost or
 * duplicated, a foreign client was admitted, or memory grew.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type System, startSystem } from '../../deploy/local/system.ts'
import { adminOf } from '../support/auth0/tenant-admin.ts'
import { runFaults } from './faults.ts'
import { type Ledger, startLedger } from './ledger.ts'
import { createPeople, type People } from './people.ts'
import { runTraffic, type Tally } from './traffic.ts'

// V8 lets the heap grow at first. A leak shows in the last quarter, which is compared.
const MAX_GROWTH = 1.35
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' } } })
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 10 || seconds > 3_600) {
  process.stderr.write('--seconds is a whole number from 10 to 3600.\n')
  process.exit(2)
}

await using ledger = await startLedger()
const system = await startSystem({ PORT: '0', TENANT_PORT: '0', FUNCTIONS_BASE: ledger.url })
try {
  const people = await createPeople(system)
  const over = AbortSignal.timeout(seconds * 1_000)
  const traffic = { url: system.url, issuer: system.issuer, people, over }
  const halfTime = AbortSignal.timeout(seconds * 500)
  const [tally, faults, residentBefore] = await Promise.all([
    runTraffic(traffic),
    runFaults(system, people, { halfTime, over }),
    sleep(seconds * 750).then(() => residentMiB(system)),
  ])
  const residentAfter = residentMiB(system)
  const failures = [
    ...(await judge(system, ledger, people, tally)),
    ...Object.entries(residentAfter)
      .filter(([name, mib]) => mib > (residentBefore[name] ?? 0) * MAX_GROWTH)
      .map(([name, mib]) => `${name} grew from ${residentBefore[name]} to ${mib} MiB`),
  ]
  const written = {
    seconds,
    requests: Object.fromEntries(tally.byKind),
    statuses: Object.fromEntries(tally.byStatus),
    faults: Object.fromEntries(faults),
    acceptedWrites: tally.accepted.length,
    clientsAdmitted: people.clients.length,
    strangersRefused: tally.strangers.length,
    residentMiB: { atThreeQuarters: residentBefore, atTheEnd: residentAfter },
    failures,
  }
  process.stdout.write(`${JSON.stringify(written, null, 2)}\n`)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await system.stop()
}

async function judge(system: System, { arrived }: Ledger, people: People, tally: Tally) {
  const tenant = adminOf(system.tenant)
  const once = tally.accepted.filter((title) => arrived.get(title) !== 1)
  const admitted = await Promise.all(tally.strangers.map(tenant.isAdmitted))
  const forgotten = await Promise.all(people.clients.map(tenant.isAdmitted))
  return [
    ...tally.wrong.slice(0, 20),
    ...once.map((title) => `${title} arrived ${arrived.get(title) ?? 0} times`).slice(0, 20),
    ...admitted.filter(Boolean).map(() => 'a stranger was admitted'),
    ...forgotten
      .filter((isAdmitted) => !isAdmitted)
      .map(() => 'an allowed client was not admitted'),
  ]
}

function residentMiB({ functions }: System): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.values(functions).map((running) => {
      const status = readFileSync(`/proc/${running.pid()}/status`, 'utf8')
      return [running.name, Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)]
    }),
  )
}
