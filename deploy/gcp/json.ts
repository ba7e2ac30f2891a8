import { asObject } from '../../shared/json.ts'

/** A JSON object of which nothing is known. */
export type Json = Readonly<Record<string, unknown>>

/** `value` as an object; empty when it is none. */
export function object(value: unknown): Json {
  return asObject(value) ?? {}
}
