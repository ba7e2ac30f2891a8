import type * as z from 'zod/mini'

const MAX_CHARACTERS = 64

/**
 * Returns the message of an issue. If the value must be one of several texts, adds the text that `given`
 * has instead. Other values are not repeated.
 */
export function issueText({ code, message, path }: z.core.$ZodIssue, given: unknown): string {
  if (code !== 'invalid_value') return message
  const received = valueAt(given, path)
  if (typeof received !== 'string') return message
  return `${message}, received ${JSON.stringify(received.slice(0, MAX_CHARACTERS))}`
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}
