import { readFileSync } from 'node:fs'

const CHECK_MS = 200

/**
 * Calls `end` once npm, or the shell in which npm runs this process, is gone: npm passes a signal on
 * to that shell alone, which dies of it and tells nobody. A process that was not started by
 * `npm start` may outlive whoever started it, and is not watched.
 */
export function onNpmGone(end: () => void): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
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
