import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../../deploy/build/functions.ts'
import { type BuiltFunctions, buildAll } from '../../support/build.ts'
import { type CloudProject, emptyProject } from '../../support/cloud-project.ts'
import { VARIABLES, writeEnvFile } from '../../support/google/deploy.ts'

// Runs the command as a process with a fake gcloud. Each run gets a signal during its first change,
// before or after the change takes effect, until a run completes. The fake gcloud is a process only for
// changes. Reads are answered in the process of the command, which saves most of the time.

const SIGNALS = ['SIGTERM', 'SIGKILL', 'SIGHUP'] as const
const MOMENTS = ['before', 'after'] as const
const IS_WINDOWS = process.platform === 'win32'

let built: BuiltFunctions
beforeAll(async () => {
  built = await buildAll(['gateway'])
})
afterAll(() => built[Symbol.asyncDispose]())

/** A script that runs the command with functions that are already built. */
const script = (command: 'deploy' | 'destroy', directory: string) => `
import { readFileSync } from 'node:fs'
import { createRun } from '${ROOT}deploy/gcp/command.ts'
import { ${command}Command } from '${ROOT}deploy/commands/${command}.ts'
import { runCommand } from '${ROOT}deploy/kit/run-command.ts'
import { answerCommand } from '${ROOT}test/support/cloud-project.ts'
const start = createRun(process.env)
const READ = /\\b(config get|describe|list|get-iam-policy|get-default-service-account|access)\\b/
const run = async (command, options) =>
  READ.test(command.join(' '))
    ? answerCommand(JSON.parse(readFileSync('${directory}/project.json', 'utf8')), command, '')
    : start(command, options)
const write = (text) => process.stdout.write(text)
const args = ['gateway', '--env-file=${directory}/env.yaml', '--dist=${directory}/dist', '--apply']
const build = async (name) => ({ name, directory: '${built.functions.get('gateway')?.directory}' })
const io = { args, env: {}, run, write, writeError: write, build }
process.exitCode = await runCommand(${command}Command, io)`

import { isRunning } from '../../support/google/is-running.ts'

function start(command: 'deploy' | 'destroy', directory: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', script(command, directory)], {
    env: { PATH: `${directory}/bin:/usr/bin:/bin`, TMPDIR: `${directory}/tmp` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Runs the command to its end, or sends it the signal during its first change. */
async function run(
  command: 'deploy' | 'destroy',
  directory: string,
  end?: { readonly signal: NodeJS.Signals; readonly moment: string },
) {
  rmSync(`${directory}/held`, { force: true })
  rmSync(`${directory}/hold`, { force: true })
  if (end) writeFileSync(`${directory}/hold`, end.moment)
  const child = start(command, directory)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const closed = once(child, 'close')
  let isOver = false
  const over = closed.then(() => {
    isOver = true
  })
  if (end) {
    await expect.poll(() => isOver || existsSync(`${directory}/held`), { interval: 20 }).toBe(true)
    child.kill(end.signal)
  }
  await over
  const held = existsSync(`${directory}/held`) ? readFileSync(`${directory}/held`, 'utf8') : ''
  const pids = held.split('\n').filter(Boolean).map(Number)
  for (const pid of pids) {
    await expect.poll(() => isRunning(pid)).toBe(false)
  }
  return { code: child.exitCode, output, isEnded: pids.length > 0 }
}

function world() {
  const directory = mkdtempDisposableSync(join(tmpdir(), 'killed-'))
  const { path } = directory
  for (const name of ['bin', 'tmp']) mkdirSync(`${path}/${name}`)
  const command = `${ROOT}test/support/stand-in-command.ts`
  const text = `#!/bin/sh\nexec '${process.execPath}' '${command}' '${path}' gcloud "$@"\n`
  writeFileSync(`${path}/bin/gcloud`, text, { mode: 0o755 })
  writeEnvFile(path, { ...VARIABLES, GCP_REGION: 'us-central1' })
  writeFileSync(`${path}/project.json`, JSON.stringify(emptyProject()))
  const project = () => JSON.parse(readFileSync(`${path}/project.json`, 'utf8')) as CloudProject
  return { directory, path, project }
}

/** Ends each run of the command at its first change. The last run has none. Returns their number. */
async function endEachStep(command: 'deploy' | 'destroy', path: string): Promise<number> {
  for (let count = 0; ; count++) {
    const signal = SIGNALS[count % SIGNALS.length] ?? 'SIGTERM'
    const moment = MOMENTS[count % MOMENTS.length] ?? 'after'
    const { isEnded, code, output } = await run(command, path, { signal, moment })
    if (!isEnded) {
      expect({ code, output }).toMatchObject({ code: 0 })
      return count
    }
    if (signal !== 'SIGKILL') {
      expect(output).toContain(`Ended by ${signal}.`)
      expect(readdirSync(`${path}/tmp`)).toEqual([])
    }
  }
}

test.skipIf(IS_WINDOWS)(
  'a deployment that is ended at each step reaches the same state as an uninterrupted one',
  { timeout: 300_000 },
  async () => {
    const whole = world()
    using _ = whole.directory
    expect(await run('deploy', whole.path)).toMatchObject({ code: 0 })

    const { directory, path, project } = world()
    using __ = directory
    const ended = await endEachStep('deploy', path)
    // APIs, account, secret, secret version, secret reader and function.
    expect(ended).toBeGreaterThanOrEqual(6)
    expect(project()).toEqual(whole.project())
    expect(readdirSync(`${path}/tmp`)).toEqual([])
    expect((await run('deploy', path)).output).toContain('Nothing to change.')

    expect(await endEachStep('destroy', path)).toBeGreaterThanOrEqual(2)
    const { functions, invokers, accounts } = project()
    expect({ functions, invokers, accounts }).toEqual({ functions: {}, invokers: {}, accounts: {} })
  },
)
