import { styleText } from 'node:util'
import type { Environment } from '../../shared/config.ts'

const NAMES = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const

/** Colours a text, or returns it as it is. */
export type Style = Readonly<Record<(typeof NAMES)[number], (text: string) => string>>

/** Without `hasColor` the style that leaves every text as it is. */
export function createStyle(hasColor: boolean): Style {
  const styles = NAMES.map((name) => [
    name,
    // Whether the output takes colour is decided by the caller.
    (text: string) => (hasColor ? styleText(name, text, { validateStream: false }) : text),
  ])
  return Object.fromEntries(styles) as Style
}

export const PLAIN = createStyle(false)

/** Whether the terminal behind a stream shows colour. NO_COLOR, FORCE_COLOR and TERM count. */
export function hasColor(stream: NodeJS.WriteStream, env: Environment): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && stream.hasColors({ ...env })
}
