/** A decimal number: `0.<digits> * 10 ** point`, without leading or trailing zeros. */
export interface Decimal {
  readonly isNegative: boolean
  /** Empty for zero. */
  readonly digits: string
  readonly point: number
}

/** Returns the exact decimal value of a JSON number. */
export function decimalOf(written: string): Decimal {
  const [mantissa = '', exponent = '0'] = written.toLowerCase().split('e')
  const isNegative = mantissa.startsWith('-')
  const [whole = '', fraction = ''] = (isNegative ? mantissa.slice(1) : mantissa).split('.')
  const all = whole + fraction
  const start = all.search(/[1-9]/)
  if (start === -1) return { isNegative, digits: '', point: 0 }
  let end = all.length
  while (all[end - 1] === '0') end--
  return {
    isNegative,
    digits: all.slice(start, end),
    point: whole.length - start + Number(exponent),
  }
}

/** Returns whether both are the same number. -0 equals 0. */
export function isSameDecimal(a: Decimal, b: Decimal): boolean {
  if (a.digits === '' && b.digits === '') return true
  return a.isNegative === b.isNegative && a.point === b.point && a.digits === b.digits
}

/** Returns whether `a` is less than `b`. */
export function isLess(a: Decimal, b: Decimal): boolean {
  const [signOfA, signOfB] = [signOf(a), signOf(b)]
  if (signOfA !== signOfB) return signOfA < signOfB
  return signOfA > 0 ? isSmaller(a, b) : isSmaller(b, a)
}

/** Returns whether the number is whole. */
export function isWhole({ digits, point }: Decimal): boolean {
  return point >= digits.length
}

function signOf({ isNegative, digits }: Decimal): number {
  if (digits === '') return 0
  return isNegative ? -1 : 1
}

/** Compares magnitudes. Without trailing zeros, text order of the digits is numeric order. */
function isSmaller(a: Decimal, b: Decimal): boolean {
  return a.point === b.point ? a.digits < b.digits : a.point < b.point
}

// Two views of the same eight bytes.
const DOUBLE = new Float64Array(1)
const BITS = new BigInt64Array(DOUBLE.buffer)

/** Returns the next double above or below a finite one. */
export function neighbour(value: number, isUpwards: boolean): number {
  if (value === 0) return isUpwards ? Number.MIN_VALUE : -Number.MIN_VALUE
  DOUBLE[0] = value
  BITS[0] = (BITS[0] ?? 0n) + (value > 0 === isUpwards ? 1n : -1n)
  return DOUBLE[0]
}
