import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/http/free-port.ts'

/** How a server under test is started; PORT is added to `env`. */
export interface Command {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** A server in a separate process, measured from outside. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  /** Milliseconds from its start to its first response. */
  readonly startMs: number
  /** CPU seconds, user and system, of all its threads since its start. */
  readonly cpuSeconds: () => number
  /** Resident memory in MiB. */
  readonly residentMiB: () => number
  /** Bytes that it has written to standard output so far; 0 unless `readsLog` is set. */
  readonly logBytes: () => number
}

const START_TIMEOUT_MS = 20_000
const POLL_MS = 1
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/**
 * Starts a server and waits for a 2xx from `path`, or for any response if `path` is undefined.
 *
 * @throws Error when the process exits first or does not respond within 20 s.
 */
export async function startServer(
  command: Command,
  { path, readsLog = false }: { readonly path?: string; readonly readsLog?: boolean } = {},
): Promise<ServerProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const startedAt = performance.now()
  const child = spawn(process.execPath, command.args, {
    cwd: command.cwd,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: String(port), ...command.env },
    // Reading the log takes CPU time from the server.
    stdio: ['ignore', readsLog ? 'pipe' : 'ignore', 'inherit'],
  })
  let logBytes = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    logBytes += chunk.length
  })
  await answering(child, `${url}${path ?? '/'}`, path !== undefined)
  const startMs = performance.now() - startedAt
  return {
    url,
    startMs,
    cpuSeconds: () => cpuTicks(child) / TICKS_PER_SECOND,
    residentMiB: () => residentKiB(child) / 1024,
    logBytes: () => logBytes,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function answering(child: ChildProcess, url: string, isOkNeeded: boolean): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended`)
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer !== undefined && (answer.ok || !isOkNeeded)) return
    await sleep(POLL_MS)
  }
  child.kill('SIGKILL')
  throw new Error(`${child.spawnargs.join(' ')} did not answer`)
}

// proc(5): utime and stime are the 14th and 15th field; the 2nd may contain spaces.
function cpuTicks({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

function residentKiB({ pid }: ChildProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
