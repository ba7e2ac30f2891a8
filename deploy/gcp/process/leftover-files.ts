import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = /^chatgpt-auth0-gateway-(\d+)-/

/** Returns the start of the name of this process's temporary directories. */
export function temporaryPrefix(): string {
  return `chatgpt-auth0-gateway-${process.pid}-`
}

/** Removes temporary files of processes that were killed. */
export function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(NAME.exec(name)?.[1])
    if (!(pid > 0) || isRunning(pid)) continue
    try {
      rmSync(join(directory, name), { recursive: true, force: true })
    } catch {
      // The files belong to another user, whose next run removes them.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process exists but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
