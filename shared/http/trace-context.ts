// W3C Trace Context s3.2.2: version ff and ids of zeros are invalid.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The value when it is a `traceparent`, else undefined: nothing else may travel in its place. */
export function asTraceparent(value: unknown): string | undefined {
  return typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined
}

/** The 32 hexadecimal digits that all parts of one trace share. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}
