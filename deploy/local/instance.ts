import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../shared/config.ts'
import type { InstanceMessage } from './loopback.ts'
import { StartError } from './start-error.ts'

/** A function as it is deployed, and what its process may see. */
export interface FunctionOptions {
  /** The name that it is registered and deployed under. */
  readonly name: string
  /** Absolute path of the module that registers it. */
  readonly source: string
  readonly env: Environment
  /** Called with each line that it writes. */
  readonly onLine: (line: string) => void
}

/** One process of functions-framework. */
export interface Instance {
  readonly pid: number | undefined
  /** Its port at 127.0.0.1. Rejects with a StartError when it ends or hangs before it listens. */
  readonly port: Promise<number>
  /** Resolves when it takes no more requests: it was told to end, or has ended. */
  readonly leaving: Promise<void>
  readonly ended: Promise<void>
  /** SIGTERM, and SIGKILL after 10 s; resolves when the process has ended. */
  readonly stop: () => Promise<void>
}

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 10_000
const MAX_REASON_LINES = 40
const PRELOAD = new URL('loopback.ts', import.meta.url).href
const FRAMEWORK = fileURLToPath(
  new URL(
    '../../node_modules/@google-cloud/functions-framework/build/src/main.js',
    import.meta.url,
  ),
)

// A process that still loads its modules would notice late that this one is gone.
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts the command line of functions-framework for one function, in a process of its own. */
export function startInstance({ name, source, env, onLine }: FunctionOptions): Instance {
  const child = spawn(
    process.execPath,
    ['--import', PRELOAD, FRAMEWORK, `--source=${source}`, `--target=${name}`, '--port=0'],
    {
      env: { ...processEnvironment(), ...env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C reaches the parent only, which drains before it ends this.
      detached: true,
    },
  )
  const written: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (written.length < MAX_REASON_LINES) written.push(line)
      onLine(line)
    })
  }
  running.add(child)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  void ended.then(() => running.delete(child))
  child.once('error', ({ message }) => written.push(message))
  const { promise: leaving, resolve: leave } = Promise.withResolvers<void>()
  void ended.then(leave)
  const port = new Promise<number>((resolve, reject) => {
    const hung = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
    child.on('message', (message: InstanceMessage) => {
      if ('terminating' in message) return leave()
      clearTimeout(hung)
      resolve(message.port)
    })
    void ended.then(() => {
      clearTimeout(hung)
      reject(new StartError(`The function ${name} did not start:\n${reason(written)}`))
    })
  })
  // Whoever waits for the port handles its failure; nobody may.
  port.catch(() => undefined)
  return { pid: child.pid, port, leaving, ended, stop: () => stop(child, ended) }
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const done = new AbortController()
  const late = sleep(STOP_TIMEOUT_MS, undefined, { signal: done.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  )
  await ended
  done.abort()
  await late
}

/** What a process of Node needs besides its own variables. */
function processEnvironment(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|NODE_.*)$/.test(name)),
  )
}

/** A function logs a refused configuration as a structured line; anything else is kept as it is. */
function reason(lines: readonly string[]): string {
  const faults = lines.flatMap((line) => (/^\{.*"faults":\[/.test(line) ? faultsOf(line) : []))
  return (faults.length > 0 ? faults : lines).map((line) => `  ${line}`).join('\n')
}

function faultsOf(line: string): string[] {
  try {
    const { faults } = JSON.parse(line) as { faults?: unknown }
    return Array.isArray(faults) ? faults.map(String) : []
  } catch {
    return []
  }
}
