import { printable } from '../../shared/log/printable.ts'

/** The indentation of a fault's fields. */
export const INDENT = '      '
const HANGING = `${INDENT}       `
const WIDTH = 80

/** Returns the lines of a fault's fields, such as `why` and `fix`; omits undefined ones. */
export function printFields(fields: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, text]) =>
    text === undefined ? [] : [wrap(`${INDENT}${`${name}:`.padEnd(7)}${text}`)],
  )
}

/** Escapes untrusted text and wraps lines at spaces, never within a URL. Continuation lines start with `hanging`. */
export function wrap(text: string, hanging = HANGING): string {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(/(?<=\S) /)) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = hanging + word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join('\n')
}
