import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const OUTPUT = fileURLToPath(new URL('../../shared/log/log-output.ts', import.meta.url))
const run = promisify(execFile)
/** Standard output of a process that runs `code` with the functions of log-output. */
const outputOf = async (code: string) => {
  const source = `import { flushLines, writeLine } from ${JSON.stringify(OUTPUT)}; ${code}`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source])
  return stdout
}

test.each([
  ['the end of the turn', `writeLine('a\\n'); writeLine('b\\n')`],
  ['the exit of the process', `writeLine('a\\n'); writeLine('b\\n'); process.exit(0)`],
  ['a flush', `writeLine('a\\n'); flushLines(); writeLine('b\\n'); flushLines()`],
])('lines are written in order at %s', async (_, code) => {
  expect(await outputOf(code)).toBe('a\nb\n')
})

test('a line is written when the process ends with an uncaught error', async () => {
  const source = `import { writeLine } from ${JSON.stringify(OUTPUT)}; writeLine('a\\n'); throw new Error('x')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let written = ''
  child.stdout.on('data', (chunk: Buffer) => {
    written += chunk
  })
  await once(child, 'close')
  expect(written).toBe('a\n')
})

test('a line that was flushed is written in spite of SIGKILL', async () => {
  const code = `writeLine('a\\n'); flushLines(); process.kill(process.pid, 'SIGKILL')`
  const source = `import { flushLines, writeLine } from ${JSON.stringify(OUTPUT)}; ${code}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let written = ''
  child.stdout.on('data', (chunk: Buffer) => {
    written += chunk
  })
  await once(child, 'close')
  expect(written).toBe('a\n')
})
