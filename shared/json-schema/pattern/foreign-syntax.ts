/** Letters after a backslash that have a meaning without the `u` flag (ECMA-262 s22.2.1). */
const KNOWN_ESCAPE = /^\\(?:[bBdDfnrsStvwW]|c[A-Za-z]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|k<)/
const NAMED_CLASS = /^\[([:.=])\^?[a-z]+\1\]/
const OPEN_COUNT = /^\{,\d+\}/
const REPLACEMENTS: Readonly<Record<string, string>> = { A: '^', Z: '$', z: '$' }
/** The ASCII members of POSIX character classes. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  xdigit: '0-9A-Fa-f',
}

/** A part of a pattern that another dialect reads differently. */
interface ForeignPart {
  readonly text: string
  /** The equivalent in ECMA-262; undefined if dialects differ. */
  readonly replacement: string | undefined
}

/**
 * Returns what is not ECMA-262 in a pattern that compiles only without the `u` flag, as the rest of a
 * sentence. Without the flag `\A` means A, and `[[:alpha:]]` one of `[:alph` before a `]` (Annex B.1.2).
 */
export function foreignSyntax(pattern: string): string | undefined {
  for (const { text, replacement } of partsOf(pattern)) {
    if (text.startsWith('\\p') || text.startsWith('\\P')) {
      return `${text} requires a pattern that is valid with the u flag`
    }
    const hint = replacement === undefined ? '' : `; use ${replacement}`
    return `${text} is the syntax of another dialect${hint}`
  }
  return undefined
}

/** Returns the pattern with such parts replaced where all dialects agree. */
export function withoutForeignSyntax(pattern: string): string {
  let end = 0
  let translated = ''
  for (const { text, replacement, index } of partsOf(pattern)) {
    translated += pattern.slice(end, index) + (replacement ?? text)
    end = index + text.length
  }
  return translated + pattern.slice(end)
}

function* partsOf(pattern: string): Generator<ForeignPart & { readonly index: number }> {
  let isInClass = false
  for (let index = 0; index < pattern.length; index++) {
    const rest = pattern.slice(index, index + 40)
    const found = partAt(rest, isInClass)
    if (found !== undefined) {
      yield { ...found, index }
      index += found.text.length - 1
    } else if (rest.startsWith('\\')) index++
    else if (isInClass) isInClass = rest[0] !== ']'
    else isInClass = rest[0] === '['
  }
}

function partAt(rest: string, isInClass: boolean): ForeignPart | undefined {
  if (/^\\[A-Za-z]/.test(rest) && !KNOWN_ESCAPE.test(rest)) {
    const replacement = isInClass ? undefined : REPLACEMENTS[rest[1] ?? '']
    return { text: rest.slice(0, 2), replacement }
  }
  if (!isInClass) {
    const [count] = OPEN_COUNT.exec(rest) ?? []
    return count === undefined ? undefined : { text: count, replacement: undefined }
  }
  if (rest.startsWith('&&[')) return { text: '&&[', replacement: undefined }
  const [named] = NAMED_CLASS.exec(rest) ?? []
  const name = /^\[:([a-z]+):\]$/.exec(named ?? '')?.[1] ?? ''
  const members = Object.hasOwn(POSIX_CLASSES, name) ? POSIX_CLASSES[name] : undefined
  return named === undefined ? undefined : { text: named, replacement: members }
}
