import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ROOT } from '../../deploy/build/functions.ts'
import type { Command, Finished } from '../../deploy/gcp/command.ts'
import { type RunStepsOptions, runSteps } from '../../deploy/gcp/run-steps.ts'
import { newVersionOf, type Step, VARIABLES_FILE } from '../../deploy/gcp/step.ts'

const DONE: Finished = { code: 0, stdout: '', stderr: '' }
const step = (title: string, more: Partial<Step> = {}): Step => ({
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

test('a version that a step makes stands in the later ones', async () => {
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

test('a version that no step makes is never passed on as a placeholder', async () => {
  const { ran, options } = running(() => DONE)
  const use = step('use', { command: ['gcloud', `--set-secrets=A=A:${newVersionOf('A')}`] })
  await expect(runSteps([use], options)).rejects.toThrow('use: a secret must be stored first')
  expect(ran).toEqual([])
})

test('without a version there is no going on', async () => {
  const { ran, options } = running(() => DONE)
  const steps = [step('add', { addsVersionOf: 'A' }), step('use')]
  await expect(runSteps(steps, options)).rejects.toThrow('Step 1 of 2 failed: add')
  expect(ran).toHaveLength(1)
})

test('the variables file is for this user only, also while a command fails', async () => {
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

test('after Ctrl-C it is told what is in place, and the variables file is gone', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', INTERRUPTED])
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  expect(code).toBe(0)
  expect(output).toBe('false Step 1 of 2 failed: deploy\n')
})

const INTERRUPTED = `
import { existsSync } from 'node:fs'
import { runSteps } from '${ROOT}deploy/gcp/run-steps.ts'
let file
const run = async ([, path]) => {
  file = path
  process.kill(process.pid, 'SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 20))
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
])('a new %s that is not known everywhere yet is waited for', async (_, stderr) => {
  const { ran, options } = running((_, count) => (count < 3 ? { ...DONE, code: 1, stderr } : DONE))
  await runSteps([step('bind')], options)
  expect(ran).toHaveLength(3)
})

test.each([
  ['one that never is', NOT_YET, 6],
  ['any other failure', 'PERMISSION_DENIED', 1],
])('%s ends it', async (_, stderr, attempts) => {
  const { ran, options } = running(() => ({ ...DONE, code: 1, stderr }))
  await expect(runSteps([step('bind')], options)).rejects.toThrow(stderr)
  expect(ran).toHaveLength(attempts)
})
