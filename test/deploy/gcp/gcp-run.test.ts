import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ROOT } from '../../../deploy/build/functions.ts'
import type { Command, Finished } from '../../../deploy/gcp/command.ts'
import { planPrune } from '../../../deploy/gcp/plan/leftovers.ts'
import { type RunStepsOptions, runSteps } from '../../../deploy/gcp/run-steps.ts'
import { type DeployStep, newVersionOf, VARIABLES_FILE } from '../../../deploy/gcp/step.ts'

const DONE: Finished = { code: 0, stdout: '', stderr: '' }
const step = (title: string, more: Partial<DeployStep> = {}): DeployStep => ({
  phase: 'secrets',
  title,
  command: ['gcloud', title],
  ...more,
})

function running(answer: (command: Command, count: number) => Finished): {
  readonly ran: Command[]
  readonly options: RunStepsOptions
} {
  const ran: Command[] = []
  const run = async (command: Command) => {
    ran.push(command)
    return answer(command, ran.length)
  }
  return { ran, options: { run, write: () => undefined, again: 'npm run deploy', pauseMs: 1 } }
}

test('later steps use the secret version that a step created', async () => {
  const { ran, options } = running(() => ({
    ...DONE,
    stdout: '{"name":"projects/1/secrets/A/versions/12"}',
  }))
  await runSteps(
    [
      step('add', { addsVersionOf: 'A' }),
      step('use', { command: ['gcloud', `--set-secrets=A=A:${newVersionOf('A')}`] }),
    ],
    options,
  )
  expect(ran[1]).toEqual(['gcloud', '--set-secrets=A=A:12'])
})

test('a step whose secret version was not created fails before its command runs', async () => {
  const { ran, options } = running(() => DONE)
  const use = step('use', { command: ['gcloud', `--set-secrets=A=A:${newVersionOf('A')}`] })
  await expect(runSteps([use], options)).rejects.toThrow('use: a secret has no version yet')
  expect(ran).toEqual([])
})

test('a step that prints no new secret version fails and ends the run', async () => {
  const { ran, options } = running(() => DONE)
  const steps = [step('add', { addsVersionOf: 'A' }), step('use')]
  await expect(runSteps(steps, options)).rejects.toThrow('Step 1 of 2 failed: add')
  expect(ran).toHaveLength(1)
})

test('the variables file has mode 0600 and is deleted after a failed command', async () => {
  let path = ''
  const { options } = running(([, file = '']) => {
    path = file
    expect(statSync(file).mode & 0o777).toBe(0o600)
    return { ...DONE, code: 1, stderr: 'no' }
  })
  const command: Command = ['gcloud', VARIABLES_FILE]
  await expect(runSteps([step('deploy', { command, variables: {} })], options)).rejects.toThrow()
  expect(() => statSync(path)).toThrow('ENOENT')
})

test('Ctrl-C prints the failed step and deletes the variables file', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', INTERRUPTED])
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(code).toBe(0)
  expect(output).toBe('false Step 1 of 2 failed: deploy\n')
})

const INTERRUPTED = `
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { runSteps } from '${ROOT}deploy/gcp/run-steps.ts'
let file
const run = async ([, path]) => {
  file = path
  const interrupted = once(process, 'SIGINT')
  process.kill(process.pid, 'SIGINT')
  await interrupted
  return { code: 1, stdout: '', stderr: 'interrupted' }
}
const steps = [
  { title: 'deploy', command: ['gcloud', '<variables file>'], variables: {} },
  { title: 'more', command: ['gcloud'] },
]
await runSteps(steps, { run, write: () => undefined, again: '' }).catch(({ message }) =>
  console.log(existsSync(file), message.split('\\n')[0]),
)`

const NOT_YET = 'INVALID_ARGUMENT: Service account a@b.iam.gserviceaccount.com does not exist.'

test.each([
  ['service account', NOT_YET],
  [
    'API',
    'PERMISSION_DENIED: Secret Manager API has not been used in project 1 before or it is disabled.',
  ],
])('a step is retried until a new %s is known', async (_, stderr) => {
  const { ran, options } = running((_, count) => (count < 3 ? { ...DONE, code: 1, stderr } : DONE))
  await runSteps([step('bind')], options)
  expect(ran).toHaveLength(3)
})

test.each([
  ['a service account that stays unknown', NOT_YET, 6],
  ['any other failure', 'PERMISSION_DENIED', 1],
])('%s ends the run', async (_, stderr, attempts) => {
  const { ran, options } = running(() => ({ ...DONE, code: 1, stderr }))
  await expect(runSteps([step('bind')], options)).rejects.toThrow(stderr)
  expect(ran).toHaveLength(attempts)
})

test.each([
  [
    'actAs',
    "Permission 'iam.serviceaccounts.actAs' denied on service account a@b (or it may not exist).",
  ],
  [
    'artifact permissions',
    'Failed to fetch metadata from the registry, with reason: generic::permission_denied: gcf-artifacts',
  ],
  [
    'concurrent policy changes',
    'ABORTED: There were concurrent policy changes. Please retry the whole read-modify-write.',
  ],
  [
    'operation queue',
    'ResponseError: status=[409], code=[Ok], message=[unable to queue the operation]',
  ],
])('a step is retried after the transient error of %s', async (_, stderr) => {
  const { ran, options } = running((_, count) => (count < 3 ? { ...DONE, code: 1, stderr } : DONE))
  await runSteps([step('deploy')], options)
  expect(ran).toHaveLength(3)
})

test('the deletion of a function succeeds if a previous run already deleted it', async () => {
  const busy = 'ResponseError: status=[409], code=[Ok], message=[unable to queue the operation]'
  const gone = 'ResponseError: status=[404], code=[Not Found], message=[Resource was not found]'
  const { ran, options } = running((_, count) => ({
    ...DONE,
    code: 1,
    stderr: count < 3 ? busy : gone,
  }))
  const settings = { project: 'acme-prod', region: 'r', minInstances: 0, maxInstances: 1 }
  await runSteps(planPrune([{ id: 'gateway', region: 'r' }], settings), options)
  expect(ran).toHaveLength(3)
})

test('the steps of a group run concurrently and are all reported', async () => {
  const ends: (() => void)[] = []
  const run = async ([, title]: Command): Promise<Finished> => {
    await new Promise<void>((resolve) => {
      ends.push(resolve)
      // The first ends after all have started.
      if (ends.length === 3) for (const end of ends) end()
    })
    return { ...DONE, code: title === 'b' ? 1 : 0, stderr: 'no' }
  }
  const steps = ['a', 'b', 'c'].map((title) => step(title, { group: 'functions' }))
  const options = { run, write: () => undefined, again: '', pauseMs: 1 }
  await expect(runSteps([...steps, step('d')], options)).rejects.toThrow(
    'Step 2 of 4 failed: b\n  gcloud b\nno\nIn place:\n  a\n  c\nNot done:\n  d\n',
  )
})

test('a fallback command runs after the expected refusal and not after other failures', async () => {
  const fallback = {
    refusal: /permitted customer/,
    title: 'instead',
    command: ['gcloud', 'x'] as const,
  }
  const refusing = (stderr: string) =>
    running(([, title]) => (title === 'open' ? { ...DONE, code: 1, stderr } : DONE))
  const refused = refusing('do not belong to a permitted customer')
  await runSteps([step('open', { fallback })], refused.options)
  expect(refused.ran).toEqual([
    ['gcloud', 'open'],
    ['gcloud', 'x'],
  ])
  const broken = refusing('quota')
  await expect(runSteps([step('open', { fallback })], broken.options)).rejects.toThrow('quota')
  expect(broken.ran).toHaveLength(1)
})

test('the variables file escapes characters that YAML would change', async () => {
  let written = ''
  const { options } = running(([, path = '']) => {
    written = readFileSync(path, 'utf8')
    return DONE
  })
  const value = 'one\u0085two\u2028three\u007f \u{1f600}'
  await runSteps(
    [step('deploy', { command: ['gcloud', VARIABLES_FILE], variables: { A: value } })],
    options,
  )
  expect(written).toBe('{"A":"one\\u0085two\\u2028three\\u007f \u{1f600}"}')
  expect(JSON.parse(written)).toEqual({ A: value })
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  '%s ends the command and its children and deletes the variables file',
  async (signal) => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'signal-'))
    const child = spawn(process.execPath, ['--input-type=module', '-e', LONG], {
      env: { ...process.env, TMPDIR: directory.path },
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
      if (/^\d+ \d+$/m.test(output)) child.kill(signal)
    })
    await once(child, 'close')
    const [, shell, grandchild] = /^(\d+) (\d+)$/m.exec(output) ?? []
    expect(output).toContain(`Step 1 of 2 failed: deploy`)
    expect(output).toContain(`Ended by ${signal}.`)
    for (const pid of [shell, grandchild]) {
      await expect.poll(() => isRunning(Number(pid))).toBe(false)
    }
    expect(readdirSync(directory.path)).toEqual([])
  },
)

test('SIGKILL ends the command and its children, and the next run deletes the variables file', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'signal-'))
  const env = { ...process.env, TMPDIR: directory.path }
  const child = spawn(process.execPath, ['--input-type=module', '-e', LONG], { env })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    if (/^\d+ \d+$/m.test(output)) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const [, shell, grandchild] = /^(\d+) (\d+)$/m.exec(output) ?? []
  for (const pid of [shell, grandchild]) {
    await expect.poll(() => isRunning(Number(pid))).toBe(false)
  }
  expect(readdirSync(directory.path)).toHaveLength(1)
  const next = spawn(process.execPath, ['--input-type=module', '-e', NEXT], { env })
  await once(next, 'close')
  expect(readdirSync(directory.path)).toEqual([])
})

const NEXT = `
import { runSteps } from '${ROOT}deploy/gcp/run-steps.ts'
await runSteps([], { run: undefined, write: () => undefined, again: '' })`

/** A command that starts a child process and does not end. */
const LONG = `
import { createRun } from '${ROOT}deploy/gcp/command.ts'
import { runSteps } from '${ROOT}deploy/gcp/run-steps.ts'
const pids = process.env.TMPDIR + '.pids'
import { existsSync, readFileSync, rmSync } from 'node:fs'
const timer = setInterval(() => {
  if (!existsSync(pids) || !/ \\d+\\n/.test(readFileSync(pids, 'utf8'))) return
  clearInterval(timer)
  console.log(readFileSync(pids, 'utf8').trim())
  rmSync(pids)
}, 20)
const steps = [
  { title: 'deploy', command: ['sh', '-c', 'sleep 1000 & echo "$$ $!" > ' + pids + '; wait', '<variables file>'], variables: {} },
  { title: 'more', command: ['sh', '-c', 'exit 0'] },
]
await runSteps(steps, { run: createRun(process.env), write: () => undefined, again: '' }).catch(
  ({ message }) => console.log(message),
)`

import { isRunning } from '../../support/google/is-running.ts'

test('gcloud is started as a .cmd file through cmd.exe on Windows', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'windows-'))
  writeFileSync(join(directory.path, 'gcloud.cmd'), '')
  const script = `
Object.defineProperty(process, 'platform', { value: 'win32' })
const { default: spawn } = await import('cross-spawn')
const { command, args } = spawn._parse('gcloud', ['functions', 'deploy', '--set-secrets=A=A:1'], {})
console.log(JSON.stringify([command, ...args]))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: { PATH: directory.path, PATHEXT: '.CMD;.EXE', comspec: 'cmd.exe' },
  })
  const [command, ...args] = JSON.parse(await text(child.stdout))
  expect(command).toBe('cmd.exe')
  expect(args.slice(0, 3)).toEqual(['/d', '/s', '/c'])
  expect(args[3]).toContain('--set-secrets=A=A:1')
})

test('a Node.js version below 24 is reported before anything else', async () => {
  const script = `
Object.defineProperty(process, 'version', { value: 'v22.12.0' })
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.12.0' } })
await import('${ROOT}deploy/node-version.js')
console.log('went on')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  expect({ code, output }).toEqual({ code: 1, output: '' })
  expect(errors).toContain('needs Node.js 24 or later; this is v22.12.0')
  expect(errors).toContain('Start it with `npm run COMMAND`.')
})
