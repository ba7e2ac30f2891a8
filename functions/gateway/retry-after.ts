const MAX_SECONDS = 31 * 24 * 60 * 60

/**
 * The seconds that a `Retry-After` field (RFC 9110 s10.2.3) asks to wait, at `now` (milliseconds of the
 * epoch); undefined when it is absent, malformed, or longer than 31 days.
 */
export function retryAfterSeconds(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const isDate = /^[A-Z][a-z]{2,8},? .{10,30}$/.test(value)
  const seconds = isDate
    ? Math.max(0, Math.ceil((Date.parse(value) - now) / 1000))
    : /^\d{1,10}$/.test(value)
      ? Number(value)
      : Number.NaN
  return seconds <= MAX_SECONDS ? seconds : undefined
}
