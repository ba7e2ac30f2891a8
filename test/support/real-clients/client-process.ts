import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProcessOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly limitMs?: number
}

/** The output and the exit code of a command. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// Without this, the process groups would outlive this process.
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) endGroup(pid)
})

const LIMIT_MS = 120_000

/**
 * Runs a command in its own process group. Ends every process of the group after the command ends or
 * after the time limit.
 *
 * @throws Error with the output if the command exceeds the time limit.
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
  // Processes that the command left running may keep its output open.
  endGroup(pid)
  const [stdout, stderr] = await printed
  if (isLate) throw new Error(`${command} did not end:\n${stdout}\n${stderr}`)
  return { code, stdout, stderr }
}

/** Starts a command in its own process group and discards its output. */
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
    // The group has already ended.
  }
}
