import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Another revision's build, in a work tree of its own that is removed at the end. */
export interface Revision extends Disposable {
  /** The command with that revision's build in place of this one's. */
  readonly at: (command: Command) => Command
}

/**
 * Checks a revision out and builds it with the packages that are installed here.
 *
 * @throws Error when git does not know it, or its build fails.
 */
export function buildRevision(revision: string): Revision {
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`)
  const directory = `${ROOT}dist/bench/${commit.slice(0, 12)}`
  if (!existsSync(directory)) git('worktree', 'add', '--detach', '--force', directory, commit)
  const dispose = () => void git('worktree', 'remove', '--force', directory)
  try {
    const packages = `${directory}/node_modules`
    if (!existsSync(packages)) symlinkSync(`${ROOT}node_modules`, packages)
    execFileSync('npm', ['run', '-s', 'build'], { cwd: directory, stdio: 'ignore' })
  } catch (error) {
    dispose()
    throw error
  }
  return { at: (command) => ({ ...command, cwd: directory }), [Symbol.dispose]: dispose }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
}
