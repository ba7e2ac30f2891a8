import { PLAIN, type Style } from '../kit/style.ts'
import { type ConnectStep, STEPS } from './step.ts'

const WIDTH = Math.max(...STEPS.map((step) => step.length))

/** Returns one line for a step, and for a failure also the cause and the fix. */
export function printStep(
  { step, ok, seen, id, cause, fix, ms }: ConnectStep,
  style: Style = PLAIN,
): string {
  const mark = ok ? style.green('ok  ') : cause === undefined ? '-   ' : style.red('FAIL')
  const duration = ok ? ` (${ms} ms)` : ''
  const lines = [`${mark} ${step.padEnd(WIDTH)}  ${seen}${duration}`]
  if (id !== undefined) lines.push(`     fault: ${id}`)
  if (cause !== undefined) lines.push(`     cause: ${cause}`)
  if (fix !== undefined) lines.push(`     do:    ${fix}`)
  return `${lines.join('\n')}\n`
}

/** Returns a line of progress of the admission. */
export function printWaiting(line: string): string {
  return `...  ${'admission'.padEnd(WIDTH)}  ${line}\n`
}
