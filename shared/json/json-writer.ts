/** An array or object that has been written in part. */
interface Open {
  readonly value: object
  /** Undefined for an array. */
  readonly names: readonly string[] | undefined
  next: number
  hasWritten: boolean
}

const VALUES_PER_TURN = 1_000
/** The engine writes this many values in one step of a few milliseconds. */
const MAX_AT_ONCE_VALUES = 20_000
/** Enough for a row of a table, as an object or an array. */
const MAX_ROW_VALUES = 50
const CHARACTERS_PER_TURN = 256 * 1024
/** The engine maps and unmaps memory of its own for each string of more than 128 KiB. */
const PIECE_CHARACTERS = 32 * 1024

/**
 * Writes a JSON value as `JSON.stringify` does, about a thousand values in each turn. Supports plain data
 * only, without `toJSON`.
 */
export function* writingJson(value: unknown): Generator<undefined, string> {
  const pieces = yield* writingPieces(value, CHARACTERS_PER_TURN)
  return pieces.join('')
}

/**
 * Writes the same in UTF-8. The engine needs more time to create a string of this length than for
 * everything else here.
 */
export function* writingJsonBytes(value: unknown): Generator<undefined, Buffer> {
  const pieces = yield* writingPieces(value, PIECE_CHARACTERS)
  const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)
  yield
  const bytes = Buffer.allocUnsafeSlow(length)
  let end = 0
  for (const piece of pieces) end += bytes.write(piece, end)
  return bytes
}

/**
 * A string of more than `maxString` characters becomes pieces of its own. No piece ends inside a surrogate
 * pair.
 */
function* writingPieces(value: unknown, maxString: number): Generator<undefined, string[]> {
  if (isSmall(value, MAX_AT_ONCE_VALUES, maxString)) return [JSON.stringify(value) ?? 'null']
  // The engine stores a string that grows by concatenation as a tree, which is slow to read.
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
    if (typeof current === 'string' && current.length > maxString) {
      written.push(pieces.join(''))
      pieces = []
      yield* writingString(current, maxString, written)
    } else if (
      typeof current !== 'object' ||
      current === null ||
      isSmall(current, MAX_ROW_VALUES, maxString)
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
  return written
}

/** Writes the comma and name of the next value and returns the value; undefined at the end. */
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

function* writingString(text: string, size: number, pieces: string[]): Generator<undefined, void> {
  pieces.push('"')
  for (const piece of piecesOf(text, size)) {
    pieces.push(JSON.stringify(piece).slice(1, -1))
    yield
  }
  pieces.push('"')
}

/** Yields the text in pieces of about `size` characters, without splitting a surrogate pair. */
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

/**
 * Returns whether the value contains at most `maxValues` values, and strings of at most `maxString`
 * characters each and CHARACTERS_PER_TURN together.
 */
function isSmall(value: unknown, maxValues: number, maxString: number): boolean {
  let values = 0
  let characters = 0
  const fits = (one: unknown): boolean => {
    if (++values > maxValues) return false
    if (typeof one === 'string') {
      characters += one.length
      return one.length <= maxString && characters <= CHARACTERS_PER_TURN
    }
    if (typeof one !== 'object' || one === null) return true
    if (Array.isArray(one)) {
      for (const item of one) if (!fits(item)) return false
      return true
    }
    const members = one as Readonly<Record<string, unknown>>
    for (const name in members) if (!fits(members[name])) return false
    return true
  }
  return fits(value)
}
