import { expect, test } from 'vitest'
import { printStep } from '../../../deploy/connect/print-step.ts'
import { createSteps } from '../../../deploy/connect/step.ts'

test('printStep prints a step in one line and a failure with its cause and fix', () => {
  expect(printStep({ step: 'call', ok: true, seen: 'x', ms: 3 })).toBe(
    'ok   call                  x (3 ms)\n',
  )
  expect(printStep({ step: 'call', ok: false, skipped: true, seen: 'skipped: x', ms: 3 })).toBe(
    '-    call                  skipped: x\n',
  )
  const failed = { step: 'call', ok: false, seen: 'x', cause: 'c', fix: 'f', ms: 3 } as const
  expect(printStep({ ...failed, id: 'tool_failed' })).toContain(
    '\n      fault: tool_failed\n      why:   c\n',
  )
  expect(printStep(failed)).toBe('FAIL call                  x\n      why:   c\n      fix:   f\n')
})

test('a step escapes line breaks and control characters from the server', async () => {
  let time = 1_000
  const { run, completed } = createSteps(
    () => undefined,
    () => time,
  )
  await run('call', async () => {
    time += 42
    return { value: undefined, seen: 'tool: a\r\nb\u001b[2Jc\u202ed' }
  })
  expect(completed).toEqual([
    { step: 'call', ok: true, seen: 'tool: a b\\u001b[2Jc\\u202ed', ms: 42 },
  ])
})
