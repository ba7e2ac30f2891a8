import { setTimeout as sleep } from 'node:timers/promises'
import { type Spread, spread } from './figures.ts'
import type { LoadRequest } from './load.ts'
import { run } from './load.ts'
import type { Row } from './loads.ts'
import { type Command, startServer } from './server-process.ts'
import { deliveryHeaders } from './subjects.ts'

const MIB = 1024 * 1024
const CONCURRENT_CALLS = 80
const CALLS_AT_PEAK = 2_000
const SAMPLE_MS = 5
const RECORDS = 100
const DELIVERIES = 400
const WARM_UP_DELIVERIES = 100

/** Duration of the first and the second call of a new process, in milliseconds. */
export async function measureFirstCalls(
  command: Command,
  { next, isGood }: Row,
  times: number,
): Promise<{ readonly first: Spread; readonly second: Spread }> {
  const first: number[] = []
  const second: number[] = []
  for (let time = 0; time < times; time++) {
    await using server = await startServer(command)
    const once = { url: server.url, connections: 1, calls: 1, next, isGood }
    for (const taken of [first, second]) taken.push((await run(once))[0] ?? Number.NaN)
  }
  return { first: spread(first), second: spread(second) }
}

/** Peak resident memory in MiB with 80 calls of the row in flight. */
export async function measurePeak(command: Command, { next, isGood }: Row): Promise<number> {
  await using server = await startServer(command)
  let peak = 0
  let isRunning = true
  const watch = async () => {
    while (isRunning) {
      peak = Math.max(peak, server.residentMiB())
      await sleep(SAMPLE_MS)
    }
  }
  const watching = watch()
  const load = { url: server.url, connections: CONCURRENT_CALLS, calls: CALLS_AT_PEAK }
  try {
    await run({ ...load, next, isGood })
  } finally {
    isRunning = false
    await watching
  }
  return peak
}

/** CPU microseconds per log record of another event, and the MiB that a delivery of 8 MiB adds. */
export async function measureDelivery(
  command: Command,
): Promise<{ readonly cpuUsPerRecord: number; readonly addedMiB: number }> {
  await using server = await startServer(command)
  const post = (records: number): LoadRequest => {
    const body = JSON.stringify(Array.from({ length: records }, (_, index) => record(index)))
    return { method: 'POST', path: '/auth0-log-webhook', headers: deliveryHeaders, body }
  }
  const deliver = (one: LoadRequest, calls: number) =>
    run({
      url: server.url,
      connections: 1,
      calls,
      next: () => one,
      isGood: (status) => status === 200,
    })
  const some = post(RECORDS)
  await deliver(some, WARM_UP_DELIVERIES)
  const cpuBefore = server.cpuSeconds()
  await deliver(some, DELIVERIES)
  const cpuSeconds = server.cpuSeconds() - cpuBefore
  const idle = server.residentMiB()
  await deliver(post(Math.floor((8 * MIB) / JSON.stringify(record(0)).length) - 100), 1)
  return {
    cpuUsPerRecord: (cpuSeconds / (DELIVERIES * RECORDS)) * 1e6,
    addedMiB: server.residentMiB() - idle,
  }
}

function record(index: number) {
  const id = `90020261128${String(index).padStart(40, '0')}`
  return {
    log_id: id,
    data: {
      log_id: id,
      date: '2026-11-28T08:00:00.000Z',
      type: 's',
      description: 'Successful login',
      connection: 'google-oauth2',
      client_id: 'abcdefghijklmnop',
      client_name: 'App',
      ip: '203.0.113.7',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
      details: { prompts: [{ name: 'prompt-authenticate', completedAt: 2 }], session_id: id },
      user_id: 'google-oauth2|1234567890',
      user_name: 'alice@example.com',
      strategy: 'google-oauth2',
      strategy_type: 'social',
    },
  }
}
