import { asObject } from '../../shared/json.ts'

/** A JSON object of unknown shape. */
export type Json = Readonly<Record<string, unknown>>

/** Returns `value` as an object; an empty object for any other type. */
export function object(value: unknown): Json {
  return asObject(value) ?? {}
}
