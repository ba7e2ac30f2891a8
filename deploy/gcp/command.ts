import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { text } from 'node:stream/consumers'
import { spawn } from 'cross-spawn'
import type { Environment } from '../../shared/config.ts'
import { createWatchdog } from './process/watchdog.ts'

/** A program and its arguments. Contains no secrets, because other processes can read arguments. */
export type Command = readonly [program: string, ...args: string[]]

export interface RunOptions {
  /** Text for standard input. */
  readonly stdin?: string | undefined
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface Finished {
  /** Exit code; 127 = program not found; above 128 = ended by a signal. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command and waits for its exit; never throws. */
export type Run = (command: Command, options?: RunOptions) => Promise<Finished>

/** The signals that end these commands. */
export const TERMINATION_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Milliseconds between SIGTERM and SIGKILL for a child. */
const GRACE_MS = 5_000
const IS_WINDOWS = process.platform === 'win32'

/**
 * Creates a function that runs commands with the variables `base`, without a shell and without prompts.
 * A signal that ends this process also ends running commands and their children, and later commands are
 * not started. SIGKILL ends them too, except on Windows.
 */
export function createRun(base: Environment): Run {
  const children = new Set<ChildProcess>()
  const watchdog = IS_WINDOWS ? undefined : createWatchdog()
  let ended: Finished | undefined
  const end = (signal: NodeJS.Signals) => {
    const code = 128 + constants.signals[signal]
    ended = { code, stdout: '', stderr: `Ended by ${signal}.` }
    for (const child of children) endGroup(child, signal)
  }
  const listen = (isOn: boolean) => {
    for (const signal of TERMINATION_SIGNALS) process[isOn ? 'on' : 'off'](signal, end)
  }
  return async ([program, ...args], { stdin = '', env } = {}) => {
    if (ended !== undefined) return ended
    const child = spawn(program, args, {
      env: { ...base, CLOUDSDK_CORE_DISABLE_PROMPTS: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A separate process group, so that its children can be ended too.
      detached: !IS_WINDOWS,
      windowsHide: true,
    })
    if (children.size === 0) listen(true)
    children.add(child)
    if (child.pid !== undefined) watchdog?.add(child.pid)
    const finished = await finish(child, stdin)
    children.delete(child)
    if (child.pid !== undefined) watchdog?.remove(child.pid)
    if (children.size === 0) listen(false)
    return ended ?? finished
  }
}

async function finish(child: ChildProcess, stdin: string): Promise<Finished> {
  // A program that exits without reading its input breaks the pipe; its exit code is enough.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(stdin)
  const ended = new Promise<{ readonly code: number; readonly problem?: string }>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: error.code === 'ENOENT' ? 127 : 126, problem: error.message }),
    )
    child.once('close', (code) => resolve({ code: code ?? 1 }))
  })
  const [stdout, stderr, { code, problem }] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
    ended,
  ])
  return { code, stdout, stderr: problem ?? stderr }
}

/** Ends a child and its children. Ignores children that have already ended. */
function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  if (IS_WINDOWS) {
    spawn('taskkill', ['/pid', `${pid}`, '/t', '/f'], { stdio: 'ignore' })
    return
  }
  const send = (sent: NodeJS.Signals) => {
    try {
      process.kill(-pid, sent)
    } catch {
      // It has already ended.
    }
  }
  send(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
  setTimeout(send, GRACE_MS, 'SIGKILL').unref()
}

/** Returns the command quoted for a POSIX shell. */
export function toShell(command: Command): string {
  return command.map(quote).join(' ')
}

function quote(word: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(word) && !/[<>]/.test(word)
    ? word
    : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
