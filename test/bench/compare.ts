import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The build of another revision, in a separate work tree that is removed on disposal. */
export interface Revision extends Disposable {
  /** Returns the command so that it runs that revision's build. */
  readonly at: (command: Command) => Command
}

/**
 * Checks out a revision and builds it with the packages of this work tree.
 *
 * @throws Error when git does not know the revision or its build fails.
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
