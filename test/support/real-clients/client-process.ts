import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProcessOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly limitMs?: number
}

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// Processes of a group of their own would outlive this one.
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) endGroup(pid)
})

const LIMIT_MS = 120_000

/**
 * Runs a command to its end, in a process group of its own; at the end of the command, or of the time,
 * every process of the group ends.
 *
 * @throws Error with what it printed when it takes too long.
 */
export async function runToEnd(
  command: string,
  args: readonly string[],
  { cwd, env, limitMs = LIMIT_MS }: ProcessOptions,
): Promise<Ended> {
  const child = spawn(command, args, {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    endGroup(pid)
  }, limitMs)
  const printed = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await once(child, 'exit').finally(() => clearTimeout(timer))) as [number | null]
  // What it left running may hold its output open.
  endGroup(pid)
  const [stdout, stderr] = await printed
  if (isLate) throw new Error(`${command} did not end:\n${stdout}\n${stderr}`)
  return { code, stdout, stderr }
}

/** Starts a command in a process group of its own, and keeps nothing of what it prints. */
export function startGroup(
  command: string,
  args: readonly string[],
  { cwd, env }: ProcessOptions,
): AsyncDisposable {
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: 'ignore', detached: true })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  const ended = once(child, 'exit')
  return {
    [Symbol.asyncDispose]: async () => {
      endGroup(pid)
      await ended
    },
  }
}

/** Ends all processes of a group. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  running.delete(pid)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
