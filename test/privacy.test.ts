import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { setup, teardown } from './privacy.ts'
import { WRITTEN } from './support/written.ts'

const ofThisRun = process.env[WRITTEN]
const stdout = vi.spyOn(process.stdout, 'write')

beforeEach(() => {
  setup()
  stdout.mockReset().mockReturnValue(true)
})
afterEach(() => {
  process.env[WRITTEN] = ofThisRun
})

/** Ends a run whose functions wrote these lines. Returns what is printed. */
function endAfter(...lines: readonly string[]): string {
  const directory = process.env[WRITTEN] ?? ''
  writeFileSync(join(directory, 'lines-1'), lines.map((line) => `${line}\n`).join(''))
  writeFileSync(join(directory, 'secrets-1'), 'hunter2hunter2\n')
  teardown()
  return stdout.mock.calls.map(([text]) => String(text)).join('')
}

test('states how many log lines were checked', () => {
  expect(endAfter('{"message":"a"}', '{"message":"b"}')).toBe(
    'Checked 2 log lines: none contains a token, a secret, an e-mail address or an argument.\n',
  )
})

test('prints nothing for a run without log lines', () => {
  expect(endAfter()).toBe('')
})

test.each([
  ['a JWT', '{"token":"eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0"}'],
  ['credentials', '{"header":"Bearer abcdefgh"}'],
  ['an e-mail address', '{"reason":"alice@example.com"}'],
  ['an argument', '{"reason":"dentist"}'],
  ['a secret', '{"reason":"hunter2hunter2"}'],
])('fails for a log line with %s', (what, line) => {
  expect(() => endAfter('{"message":"a"}', line)).toThrow(
    `The log must not contain these values (1):\n${what}: ${line}`,
  )
  expect(stdout).not.toHaveBeenCalled()
})
