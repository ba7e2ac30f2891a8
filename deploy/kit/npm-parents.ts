import { readFileSync } from 'node:fs'

const CHECK_MS = 200
/** The scripts that serve until they are ended. */
const SERVERS: ReadonlySet<unknown> = new Set(['start', 'emulator', 'preview'])

/**
 * Calls `end` when npm, or the shell that npm uses, has ended. npm forwards a signal only to that shell,
 * which exits without forwarding it. Does nothing in a process that npm did not start with one of these
 * scripts; it may outlive its parent.
 */
export function onNpmGone(end: () => void): void {
  if (!SERVERS.has(process.env['npm_lifecycle_event'])) return
  const known = parents()
  const timer = setInterval(() => {
    if (parents() === known) return
    clearInterval(timer)
    end()
  }, CHECK_MS)
  timer.unref()
}

/** Process ids of the shell and npm, or only of the parent if /proc is not available. */
function parents(): string {
  const { ppid } = process
  try {
    const stat = readFileSync(`/proc/${ppid}/stat`, 'utf8')
    const [, name = '', next] = /\((.*)\) \S (\d+)/s.exec(stat) ?? []
    // Some shells replace themselves with their only command.
    return name.startsWith('npm') ? `${ppid}` : `${ppid} ${next}`
  } catch {
    return `${ppid}`
  }
}
