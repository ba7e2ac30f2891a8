import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { Environment } from '../../shared/config.ts'

/** A program and its arguments. Secrets are never among them: every process may read them there. */
export type Command = readonly [program: string, ...args: string[]]

export interface RunOptions {
  /** Written to its standard input. */
  readonly stdin?: string | undefined
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface Finished {
  /** Exit code; 127 = there is no such program. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end; never throws. */
export type Run = (command: Command, options?: RunOptions) => Promise<Finished>

/** Runs commands with the variables `base`, without a shell and without questions. */
export function createRun(base: Environment): Run {
  return (command, { env, ...options } = {}) =>
    runWith(command, { ...base, CLOUDSDK_CORE_DISABLE_PROMPTS: '1', ...env }, options)
}

async function runWith(
  [program, ...args]: Command,
  env: Environment,
  { stdin }: Omit<RunOptions, 'env'>,
): Promise<Finished> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  // A program that ends without reading its input breaks the pipe; its exit code tells the rest.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin ?? '')
  const ended = new Promise<{ readonly code: number; readonly problem?: string }>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: error.code === 'ENOENT' ? 127 : 126, problem: error.message }),
    )
    child.once('close', (code) => resolve({ code: code ?? 1 }))
  })
  const [stdout, stderr, { code, problem }] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ])
  return { code, stdout, stderr: problem ?? stderr }
}

/** The command as a person would type it in a POSIX shell. */
export function toShell(command: Command): string {
  return command.map(quote).join(' ')
}

function quote(word: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(word) && !/[<>]/.test(word)
    ? word
    : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
