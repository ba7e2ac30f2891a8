import { TAB, NEWLINE, RETURN, SPACE, QUOTE, COLON, BACKSLASH } from './characters.ts'

const BLANKS: ReadonlySet<number> = new Set([SPACE, TAB, NEWLINE, RETURN])
const CHARACTERS_PER_TURN = 128 * 1024
/** `\\u` and four digits. */
const MAX_ESCAPE_CHARACTERS = 6

/**
 * Reads the string between two positions in turns, in pieces that never end inside an escape. Returns
 * undefined if it is not JSON.
 */
export function* readingLongString(
  text: string,
  start: number,
  end: number,
): Generator<undefined, string | undefined> {
  const pieces: string[] = []
  for (let from = start; from < end; ) {
    const to = Math.min(end, endOfPiece(text, from, from + CHARACTERS_PER_TURN))
    const piece = parseString(`"${text.slice(from, to)}"`)
    if (piece === undefined) return undefined
    pieces.push(piece)
    from = to
    yield
  }
  return pieces.join('')
}

/** Returns `end`, or the start of the escape that crosses it. No escape crosses `start`. */
export function endOfPiece(text: string, start: number, end: number): number {
  const from = Math.max(start, end - MAX_ESCAPE_CHARACTERS + 1)
  const last = text.slice(from, end).lastIndexOf('\\')
  if (last === -1) return end
  return isEscaped(text, from + last + 1, start) ? from + last : end
}

/** Parses a string with its quotes; returns undefined if it is not JSON. */
export function parseString(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted)
  } catch {
    return undefined
  }
}

/** Returns whether an odd number of backslashes precedes `at`. Looks no further back than `start`. */
export function isEscaped(text: string, at: number, start: number): boolean {
  let before = at
  while (before > start && text.charCodeAt(before - 1) === BACKSLASH) before--
  return (at - before) % 2 === 1
}

/** Returns whether a name in the JSON has an escape. The result for other text does not matter. */
export function hasEscapedName(json: string): boolean {
  for (let at = json.indexOf('\\'); at !== -1; at = json.indexOf('\\', at)) {
    let code = BACKSLASH
    while (code !== QUOTE && at < json.length) {
      at += code === BACKSLASH ? 2 : 1
      code = json.charCodeAt(at)
    }
    do code = json.charCodeAt(++at)
    while (BLANKS.has(code))
    if (code === COLON) return true
  }
  return false
}
