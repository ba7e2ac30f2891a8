import { execFileSync } from 'node:child_process'

/** The process ids of the children of a process. */
export function childrenOf(pid: number | undefined): number[] {
  const table = execFileSync('ps', ['-eo', 'ppid=,pid='], { encoding: 'utf8' })
  const rows = table.split('\n').map((row) => row.trim().split(/\s+/).map(Number))
  return rows.flatMap(([parent, child]) => (parent === pid && child !== undefined ? [child] : []))
}

/** The process ids of everything below a process. */
export function descendantsOf(pid: number | undefined): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

/** Whether the process runs. False for a zombie process, which has ended. */
export function isRunning(pid: number): boolean {
  const rows = execFileSync('ps', ['-eo', 'pid=,stat='], { encoding: 'utf8' }).split('\n')
  return rows.some((row) => new RegExp(`^\\s*${pid}\\s+[^Z]`).test(row))
}
