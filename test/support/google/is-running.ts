import { readFileSync } from 'node:fs'

/** Returns whether the process runs. A zombie process has ended. Linux only. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
