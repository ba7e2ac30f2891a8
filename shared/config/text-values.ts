import '../schema-messages.ts'

import * as z from 'zod/mini'
import { splitList } from '../config.ts'

/**
 * The values of .env.yaml.sample to replace. Compared as a whole, because real names may contain the
 * same words.
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'https://YOUR_TENANT.us.auth0.com/',
  'https://YOUR_TENANT.us.auth0.com/.well-known/jwks.json',
  'https://us-central1-YOUR_PROJECT.cloudfunctions.net',
  'YOUR_TENANT.us.auth0.com',
  'replace-with-random',
  'replace-with-client-id',
  'replace-with-client-secret',
])

/** The members of a zod context that `refuse` uses. */
export type RuleContext = Pick<z.core.ParsePayload, 'issues' | 'value'>

/** Adds a fault in the transform of a schema. */
export function refuse(context: RuleContext, message: string): void {
  context.issues.push({ code: 'custom', message, input: context.value })
}

/** Refuses the placeholders of the sample. */
export const notPlaceholder = z.refine<string>(
  (value) => !PLACEHOLDERS.has(value),
  'is still a placeholder',
)

/** Any text except a placeholder of the sample. */
export const text = z.string().check(notPlaceholder)

/** Printable ASCII without blanks, which is valid in a header field or a parameter. */
export const token = z.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')

/** One or more items, separated by commas. */
export const list = z.pipe(
  z.pipe(
    text,
    z.transform((value) => splitList(value)),
  ),
  z.array(z.string()).check(z.minLength(1, 'must not be empty')),
)

/** Splits a list at blanks and commas. */
export function splitNames(value: string): string[] {
  return value.split(/[\s,]+/).filter((name) => name !== '')
}

/** A whole number from `min` to `max`, with at most nine digits. */
export function wholeNumber(min: number, max: number, unit: string) {
  return z.pipe(
    z.pipe(
      z.string().check(z.regex(/^\d{1,9}$/, `must be a whole number of ${unit}`)),
      z.transform(Number),
    ),
    z.number().check(z.gte(min, `must be at least ${min}`), z.lte(max, `must be at most ${max}`)),
  )
}
