import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, type Round, type Spread, spread, toFigure } from './figures.ts'
import { run } from './load.ts'
import type { Row } from './loads.ts'
import { type Command, type ServerProcess, startServer } from './server-process.ts'

export interface Sizes {
  /** Each row is first called for this long, because V8 optimizes what has been called often. */
  readonly warmUpMs: number
  readonly rounds: number
  readonly calls: number
  readonly connections: number
  readonly coldStarts: number
  readonly memoryCalls: number
}

const LOG_SIZES = {
  warmUpMs: 0,
  rounds: 1,
  calls: 500,
  connections: 8,
  coldStarts: 0,
  memoryCalls: 0,
}
const QUIET_MS = 200

/** Measures all rows in each round, so that a disturbance of the machine affects all of them. */
export async function measureCalls(
  rows: readonly Row[],
  commands: Readonly<Record<string, Command>>,
  sizes: Sizes,
  onRound: (round: number) => void,
): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const running = new Map<string, ServerProcess>()
  for (const [name, command] of Object.entries(commands)) {
    running.set(name, stack.use(await startServer(command)))
  }
  const rounds = new Map<string, Round[]>(rows.map(({ id }) => [id, []]))
  onRound(0)
  for (const row of rows) {
    const until = performance.now() + sizes.warmUpMs
    do await measureRow(row, running.get(row.server), sizes)
    while (performance.now() < until)
  }
  for (let round = 1; round <= sizes.rounds; round++) {
    onRound(round)
    for (const row of rows) {
      rounds.get(row.id)?.push(await measureRow(row, running.get(row.server), sizes))
    }
  }
  return rows.map(({ id, label }) => toFigure(id, label, rounds.get(id) ?? []))
}

async function measureRow(
  { server, next, isGood, ...row }: Row,
  process: ServerProcess | undefined,
  sizes: Sizes,
): Promise<Round> {
  const calls = row.calls ?? sizes.calls
  const connections = row.connections ?? sizes.connections
  if (process === undefined) throw new Error(`No server ${server}`)
  const cpuBefore = process.cpuSeconds()
  const startedAt = performance.now()
  const latencies = await run({ url: process.url, connections, calls, next, isGood })
  const seconds = (performance.now() - startedAt) / 1_000
  return {
    cpuUs: ((process.cpuSeconds() - cpuBefore) / calls) * 1e6,
    p50Ms: latencies[Math.floor(calls * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(calls * 0.99)] ?? 0,
    callsPerSecond: calls / seconds,
  }
}

/** Milliseconds from the start of a process to its first response. */
export async function measureColdStarts(
  commands: Readonly<Record<string, Command>>,
  { coldStarts }: Sizes,
): Promise<Readonly<Record<string, Spread>>> {
  const names = Object.keys(commands)
  const taken = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < coldStarts; round++) {
    for (const [name, command] of Object.entries(commands)) {
      await using server = await startServer(command)
      taken.get(name)?.push(server.startMs)
    }
  }
  return Object.fromEntries([...taken].map(([name, values]) => [name, spread(values)]))
}

/** Bytes that the function writes to its log per call of one row. */
export async function measureLogBytes(command: Command, row: Row): Promise<number> {
  await using server = await startServer(command, { readsLog: true })
  // This run excludes the output of the start from the result.
  await measureRow(row, server, LOG_SIZES)
  await quiet(server)
  const before = server.logBytes()
  await measureRow(row, server, LOG_SIZES)
  await quiet(server)
  return (server.logBytes() - before) / LOG_SIZES.calls
}

/** Waits until the log output pauses. A pipe lags behind the responses. */
async function quiet({ logBytes }: ServerProcess): Promise<void> {
  for (let before = -1; before !== logBytes(); ) {
    before = logBytes()
    await sleep(QUIET_MS)
  }
}

/** Resident memory of a new process in MiB, after half of the calls and after all of them. */
export async function measureMemory(command: Command, row: Row, { memoryCalls, ...sizes }: Sizes) {
  await using server = await startServer(command)
  const half = { ...sizes, memoryCalls, calls: memoryCalls / 2 }
  await measureRow(row, server, half)
  const afterHalf = server.residentMiB()
  await measureRow(row, server, half)
  return { half: afterHalf, end: server.residentMiB() }
}
