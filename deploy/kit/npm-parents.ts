import { readFileSync } from 'node:fs'

const CHECK_MS = 200
/** The scripts that serve until they are ended. */
const SERVERS: ReadonlySet<unknown> = new Set(['start', 'emulator'])

/**
 * Calls `end` once npm, or the shell in which npm runs this process, has ended: npm passes a signal
 * to that shell only, which ends without passing it on. A process that npm did not start with one
 * of these scripts may outlive its parent, and is not watched.
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

/** Process ids of the shell and npm; of the nearer one alone where /proc cannot tell of the other. */
function parents(): string {
  const { ppid } = process
  try {
    const stat = readFileSync(`/proc/${ppid}/stat`, 'utf8')
    const [, name = '', next] = /\((.*)\) \S (\d+)/s.exec(stat) ?? []
    // Some shells hand over to their only command.
    return name.startsWith('npm') ? `${ppid}` : `${ppid} ${next}`
  } catch {
    return `${ppid}`
  }
}
