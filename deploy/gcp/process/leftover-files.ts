import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = /^chatgpt-auth0-gateway-(\d+)-/

/** How the name of a directory for this process's temporary files begins. */
export function temporaryPrefix(): string {
  return `chatgpt-auth0-gateway-${process.pid}-`
}

/** Removes the temporary files of processes that were killed. */
export function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(NAME.exec(name)?.[1])
    if (!(pid > 0) || isRunning(pid)) continue
    try {
      rmSync(join(directory, name), { recursive: true, force: true })
    } catch {
      // Another user's, who removes them the next time.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process may not be signalled, and runs.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
