import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FunctionProcess, startFunction } from '../../deploy/local/function-process.ts'

// A function that returns its process id and environment. FAULT selects a failure at the start.
const SOURCE = `
import { http } from '@google-cloud/functions-framework'
if (process.env.FAULT === 'refused') {
  console.log(JSON.stringify({ severity: 'ERROR', faults: ['A is required', 'B is bad'] }))
  process.exit(1)
}
if (process.env.FAULT === 'throws') throw new Error('cannot be')
if (process.env.FAULT === 'hangs') await new Promise((resolve) => setTimeout(resolve, 600_000))
if (process.env.FAULT === 'silent') process.exit(7)
console.log('loaded')
http('sample', (req, res) => res.json({ pid: process.pid, env: process.env }))
`
let directory: string
const running: FunctionProcess[] = []
const lines: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'function-'))
  const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
  await symlink(modules, join(directory, 'node_modules'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  await writeFile(join(directory, 'sample.ts'), SOURCE)
})

afterEach(() => Promise.all(running.splice(0).map((started) => started.stop())))
afterAll(() => rm(directory, { recursive: true }))

async function start(
  env: Record<string, string> = {},
  startTimeoutMs?: number,
): Promise<FunctionProcess> {
  const source = join(directory, 'sample.ts')
  const onLine = (line: string) => lines.push(line)
  const started = await startFunction({
    ...{ name: 'sample', source, env, onLine },
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
  })
  running.push(started)
  return started
}

async function ask(started: FunctionProcess) {
  const port = await started.port(AbortSignal.timeout(60_000))
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  return (await answer.json()) as { pid: number; env: Record<string, string> }
}

test('a function runs in its own process with only its own variables', async () => {
  const { pid, env } = await ask(await start({ MINE: 'yes' }))

  expect(pid).not.toBe(process.pid)
  expect(env).toMatchObject({ MINE: 'yes', NODE_ENV: 'production' })
  expect(Object.keys(env).filter((name) => !/^(PATH|HOME|MINE|NODE_.*)$/.test(name))).toEqual([])
  expect(lines).toContain('loaded')
})

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a function that ends by %s is restarted',
  async (signal) => {
    const started = await start()
    const { pid } = await ask(started)
    process.kill(pid, signal)
    await expect.poll(() => started.pid()).not.toBe(pid)

    expect((await ask(started)).pid).toBe(started.pid())
  },
)

test('stop ends the process and its port', async () => {
  const started = await start()
  const { pid } = await ask(started)
  await started.stop()

  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await expect(started.port(AbortSignal.timeout(5_000))).rejects.toThrow()
})

test('startFunction rejects with the configuration errors of the function', async () => {
  await expect(start({ FAULT: 'refused' })).rejects.toThrow(
    'The function sample did not start:\n  A is required\n  B is bad',
  )
})

test('startFunction rejects with the output of a function that fails to start', async () => {
  const starting = start({ FAULT: 'throws' })
  await expect(starting).rejects.toThrow(/did not start:\n.*cannot be/s)
  await expect(starting).rejects.not.toThrow(/^\s+at /m)
})

test('startFunction rejects with the exit code of a function that ends without output', async () => {
  await expect(start({ FAULT: 'silent' })).rejects.toThrow(
    'The function sample did not start:\n  The process ended without output (exit code 7).',
  )
})

test('startFunction rejects with the time limit and the size of the catalogue', async () => {
  await writeFile(join(directory, 'large.json'), '#'.repeat(2_000_000))
  const TOOLS_FILE = join(directory, 'large.json')
  await expect(start({ FAULT: 'hangs', TOOLS_FILE }, 1)).rejects.toThrow(
    'The function sample did not start within 0.001 s.\n' +
      'The catalogue has 2.0 MB. Import fewer operations.',
  )
})
