import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../../deploy/build/functions.ts'

const INSTALL_MS = 300_000

/**
 * The directory of the `firebase` program in the version of the deployment workflow, or undefined if npm
 * cannot install it. Because of its 240 MB it is not a dependency but is installed once into the
 * directory for temporary files.
 */
export function firebaseTools(): string | undefined {
  const workflow = readFileSync(`${ROOT}.github/workflows/deploy-environment.yml`, 'utf8')
  const [, version] = /firebase-tools@(\d+\.\d+\.\d+)/.exec(workflow) ?? []
  if (version === undefined) throw new Error('the workflow names no version of firebase-tools')
  const directory = join(tmpdir(), `firebase-tools-${version}`)
  const programs = join(directory, 'node_modules/.bin')
  if (existsSync(join(programs, 'firebase'))) return programs
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{"private":true}')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', [...args, `firebase-tools@${version}`], {
    cwd: directory,
    timeout: INSTALL_MS,
  })
  return status === 0 ? programs : undefined
}
