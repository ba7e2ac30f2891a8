import { styleText } from 'node:util'
import type { Environment } from '../../shared/config.ts'

const NAMES = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const

/** Functions that colour a text, or return it unchanged. */
export type Style = Readonly<Record<(typeof NAMES)[number], (text: string) => string>>

/** Creates a style; without `hasColor` it returns every text unchanged. */
export function createStyle(hasColor: boolean): Style {
  const styles = NAMES.map((name) => [
    name,
    // The caller decides whether the output supports colour.
    (text: string) => (hasColor ? styleText(name, text, { validateStream: false }) : text),
  ])
  return Object.fromEntries(styles) as Style
}

export const PLAIN = createStyle(false)

/** Returns whether a stream is a terminal with colour support, by NO_COLOR, FORCE_COLOR and TERM. */
export function hasColor(stream: NodeJS.WriteStream, env: Environment): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && stream.hasColors({ ...env })
}
