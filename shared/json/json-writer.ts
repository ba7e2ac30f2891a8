declare global {
  // Where numbers can be kept as they are written; Node 20 does not have it.
  interface JSON {
    readonly isRawJSON?: (value: unknown) => boolean
  }
}

/** An array or object of which a part is written. */
interface Open {
  readonly value: object
  /** Undefined for an array. */
  readonly names: readonly string[] | undefined
  next: number
  hasWritten: boolean
}

const VALUES_PER_TURN = 1_000
/** What the engine writes in one step, in some milliseconds. */
const MAX_AT_ONCE_VALUES = 20_000
/** A row of a table, as an object or a list. */
const MAX_ROW_VALUES = 50
const CHARACTERS_PER_TURN = 256 * 1024
/** In a shorter text the engine finds escapes sooner than this code puts pieces together. */
const MAX_SEARCHED_CHARACTERS = 4 * 1024

/**
 * Writes a JSON value as `JSON.stringify` does, some thousand values in each turn. Takes plain data
 * alone: nothing with `toJSON`. `isUnescaped`: no string needs an escape, which saves the engine from
 * looking for one.
 */
export function* writingJson(value: unknown, isUnescaped = false): Generator<undefined, string> {
  const maxText = isUnescaped ? MAX_SEARCHED_CHARACTERS : CHARACTERS_PER_TURN
  if (isSmall(value, MAX_AT_ONCE_VALUES, maxText)) return JSON.stringify(value) ?? 'null'
  // Of a string that grows piece by piece the engine makes a tree, to be walked at the end.
  const written: string[] = []
  let pieces: string[] = []
  const stack: Open[] = []
  let current = value
  for (let count = 1; ; count++) {
    if (count % VALUES_PER_TURN === 0) {
      written.push(pieces.join(''))
      pieces = []
      yield
    }
    if (typeof current === 'string' && current.length > maxText) {
      if (isUnescaped) pieces.push('"', current, '"')
      else yield* writingString(current, pieces)
    } else if (
      typeof current !== 'object' ||
      current === null ||
      isSmall(current, MAX_ROW_VALUES, maxText)
    ) {
      pieces.push(JSON.stringify(current) ?? 'null')
    } else {
      const names = Array.isArray(current) ? undefined : Object.keys(current)
      pieces.push(names ? '{' : '[')
      stack.push({ value: current, names, next: 0, hasWritten: false })
    }
    const more = nextValue(stack, pieces)
    if (more === undefined) break
    current = more.value
  }
  written.push(pieces.join(''))
  return written.join('')
}

/** Writes a JSON value, in turns or not. */
export type Writing = (value: unknown) => Generator<undefined, string>

/** `JSON.stringify` in the form of `writingJson`. */
// biome-ignore lint/correctness/useYield: a short value is written in one turn.
export function* writingAtOnce(value: unknown): Generator<undefined, string> {
  return JSON.stringify(value)
}

/** What is to be written next, its comma and name before it; undefined at the end. */
function nextValue(stack: Open[], pieces: string[]): { readonly value: unknown } | undefined {
  for (;;) {
    const open = stack.at(-1)
    if (open === undefined) return undefined
    const { value, names } = open
    const key = names === undefined ? open.next : names[open.next]
    if (key === undefined || (Array.isArray(value) && open.next >= value.length)) {
      pieces.push(names ? '}' : ']')
      stack.pop()
      continue
    }
    open.next++
    const member: unknown = Reflect.get(value, key)
    if (names !== undefined && member === undefined) continue
    if (open.hasWritten) pieces.push(',')
    open.hasWritten = true
    if (names !== undefined) pieces.push(JSON.stringify(key), ':')
    return { value: member }
  }
}

function* writingString(text: string, pieces: string[]): Generator<undefined, void> {
  pieces.push('"')
  for (const piece of piecesOf(text, CHARACTERS_PER_TURN)) {
    pieces.push(JSON.stringify(piece).slice(1, -1))
    yield
  }
  pieces.push('"')
}

/** The text in pieces of about `size` characters; a surrogate pair stays together. */
export function* piecesOf(text: string, size: number): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const isPair = isHighSurrogate(text.charCodeAt(start + size - 1))
    const end = start + size + Number(isPair)
    yield text.slice(start, end)
    start = end
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/** Whether it has few values, itself included, and little text in them. */
function isSmall(value: unknown, maxValues: number, maxText: number): boolean {
  let characters = 0
  const values = [value]
  for (const one of values) {
    if (typeof one === 'string') {
      characters += one.length
      if (characters > maxText) return false
    } else if (typeof one === 'object' && one !== null && !isRaw(one)) {
      const members = Array.isArray(one) ? one : Object.values(one)
      if (values.length + members.length > maxValues) return false
      values.push(...members)
    }
  }
  return true
}

/** A number that is kept as it was written. */
function isRaw(value: object): boolean {
  return JSON.isRawJSON?.(value) === true
}
