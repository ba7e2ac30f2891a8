import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../shared/config.ts'
import type { InstanceMessage } from './loopback.ts'
import { StartError } from './start-error.ts'
import { describeStartFailure } from './start-failure.ts'

/** The function that a process runs, and its environment. */
export interface FunctionOptions {
  /** The name under which the function is registered and deployed. */
  readonly name: string
  /** The absolute path of the module that registers the function. */
  readonly source: string
  readonly env: Environment
  /** Called with each line of the process's output. */
  readonly onLine: (line: string) => void
  /** The time within which the process must listen. Default is 180,000 (3 minutes). */
  readonly startTimeoutMs?: number
}

/** A functions-framework process. */
export interface Instance {
  readonly pid: number | undefined
  /** The port at 127.0.0.1. Rejects with a StartError if the process exits or hangs before it listens. */
  readonly port: Promise<number>
  /** Resolves when the process accepts no more requests, because it received a signal or exited. */
  readonly leaving: Promise<void>
  readonly ended: Promise<void>
  /** Sends SIGTERM, and SIGKILL after 10 s. Resolves when the process has exited. */
  readonly stop: () => Promise<void>
}

// A loaded machine takes minutes to load the modules of several functions and a large catalogue.
const START_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 10_000
const MAX_REASON_LINES = 40
const PRELOAD = new URL('loopback.ts', import.meta.url).href
const FRAMEWORK = fileURLToPath(
  new URL(
    '../../node_modules/@google-cloud/functions-framework/build/src/main.js',
    import.meta.url,
  ),
)

// A child that is still loading modules does not notice the exit of this process at once.
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts functions-framework for one function in a separate process. */
export function startInstance({
  name,
  source,
  env,
  onLine,
  startTimeoutMs = START_TIMEOUT_MS,
}: FunctionOptions): Instance {
  const child = spawn(
    process.execPath,
    ['--import', PRELOAD, FRAMEWORK, `--source=${source}`, `--target=${name}`, '--port=0'],
    {
      env: { ...processEnvironment(), ...env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A separate process group, so that Ctrl-C reaches only the parent, which drains requests first.
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
  let ending: number | string = ''
  child.once('exit', (code, signal) => {
    ending = signal ?? code ?? ''
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  void ended.then(() => running.delete(child))
  child.once('error', ({ message }) => written.push(message))
  const { promise: leaving, resolve: markLeaving } = Promise.withResolvers<void>()
  void ended.then(markLeaving)
  const port = new Promise<number>((resolve, reject) => {
    let timeoutMs: number | undefined
    const hung = setTimeout(() => {
      timeoutMs = startTimeoutMs
      child.kill('SIGKILL')
    }, startTimeoutMs)
    child.on('message', (message: InstanceMessage) => {
      if ('terminating' in message) return markLeaving()
      clearTimeout(hung)
      resolve(message.port)
    })
    void ended.then(() => {
      clearTimeout(hung)
      const failure = { name, env, lines: written, ending, timeoutMs }
      reject(new StartError(describeStartFailure(failure)))
    })
  })
  // Prevents an unhandled rejection if no caller waits for the port.
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

/** The environment variables that a Node.js process needs. */
function processEnvironment(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|NODE_.*)$/.test(name)),
  )
}
