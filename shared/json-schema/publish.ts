import { ConfigError } from '../config.ts'
import { checkSchema } from './check.ts'
import { translate } from './dialect.ts'
import { isObject, type JsonSchema } from './schema.ts'

/**
 * Checks the schema in this member of a tool. Returns it in JSON Schema 2020-12, in which it is published
 * and applied.
 *
 * @throws ConfigError with one line for each fault: member, JSON Pointer and reason.
 */
export function publishedSchema(member: string, written: JsonSchema): JsonSchema {
  const { schema, faults } = translate(written)
  const all = faults.length > 0 ? faults : checkSchema(schema).faults
  if (all.length === 0) return schema
  throw new ConfigError(
    all.map(
      ({ pointer, reason }) =>
        `${member}${pointer === '' ? '' : ` at ${pointer}`}: ${reason}${received(written, pointer)}`,
    ),
  )
}

/** Returns the value of a misspelled `type` as text; an empty string for the value of other keywords. */
function received(schema: JsonSchema, pointer: string): string {
  if (!pointer.endsWith('/type')) return ''
  const keys = pointer.slice(1).split('/')
  const value = keys.reduce<unknown>((at, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    return isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }, schema)
  return typeof value === 'string' ? `, not ${JSON.stringify(value.slice(0, 64))}` : ''
}
