/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What is wrong with a schema, and where. */
export interface SchemaFault {
  /** JSON Pointer (RFC 6901) from the root of the schema; empty for the root itself. */
  readonly pointer: string
  readonly reason: string
}

/** The JSON Pointer one step below `pointer`. */
export function below(pointer: string, key: string | number): string {
  const text = String(key)
  return `${pointer}/${/[~/]/.test(text) ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text}`
}

/** The keys that a JSON Pointer names. */
export function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Whether a value is an object in JSON's sense. */
export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
