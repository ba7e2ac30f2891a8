import { printFields } from '../diagnostics/print-fields.ts'
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
  lines.push(...printFields({ fault: id, why: cause, fix }))
  return `${lines.join('\n')}\n`
}

/** Returns a line of progress of the admission. */
export function printWaiting(line: string): string {
  return `...  ${'admission'.padEnd(WIDTH)}  ${line}\n`
}
