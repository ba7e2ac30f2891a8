import type { Spend } from './pattern/match.ts'

/** Returns whether the value is a number. Whole numbers that a double would round are bigints. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/**
 * Returns whether a number is a multiple of another in decimal arithmetic: 19.99 is a multiple of 0.01,
 * although their quotient in binary floating point is not a whole number.
 */
export function isMultipleOf(value: number | bigint, divisor: number, spend: Spend): boolean {
  if (typeof value === 'number' && Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) {
    return value % divisor === 0
  }
  const a = decimalOf(value)
  const b = decimalOf(divisor)
  const shift = a.exponent - b.exponent
  spend(20 + (Math.abs(shift) >> 2) + (typeof value === 'bigint' ? 100 : 0))
  return shift >= 0
    ? (a.digits * 10n ** BigInt(shift)) % b.digits === 0n
    : a.digits % (b.digits * 10n ** BigInt(-shift)) === 0n
}

/** Returns the exact decimal of the number's shortest text: `digits * 10 ** exponent`. */
function decimalOf(value: number | bigint): { readonly digits: bigint; readonly exponent: number } {
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}
