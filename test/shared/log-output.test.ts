import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const OUTPUT = fileURLToPath(new URL('../../shared/log/log-output.ts', import.meta.url))

/** Runs `code` in a process with the functions of log-output. Returns its output and its end. */
async function resultOf(code: string) {
  const source = `import { flushLines, writeLine } from ${JSON.stringify(OUTPUT)}; ${code}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { output, exitCode: child.exitCode, signal: child.signalCode }
}

test.each([
  ['the end of the turn', `writeLine('a\\n'); writeLine('b\\n')`],
  ['the exit of the process', `writeLine('a\\n'); writeLine('b\\n'); process.exit(0)`],
  ['a flush', `writeLine('a\\n'); flushLines(); writeLine('b\\n'); flushLines()`],
])('lines are written in order at %s', async (_, code) => {
  expect(await resultOf(code)).toEqual({ output: 'a\nb\n', exitCode: 0, signal: null })
})

test('a line is written when the process ends with an uncaught error', async () => {
  const code = `writeLine('a\\n'); throw new Error('x')`
  expect(await resultOf(code)).toEqual({ output: 'a\n', exitCode: 1, signal: null })
})

test('a line that was flushed is written in spite of SIGKILL', async () => {
  const code = `writeLine('a\\n'); flushLines(); process.kill(process.pid, 'SIGKILL')`
  expect(await resultOf(code)).toEqual({ output: 'a\n', exitCode: null, signal: 'SIGKILL' })
})
