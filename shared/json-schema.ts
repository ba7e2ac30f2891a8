import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { ConfigError } from './config.ts'

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Returns undefined when `value` fits, else one sentence that names places, never values. */
export type Validate = (value: unknown) => string | undefined

const MAX_FAULTS = 5

/**
 * Compiles a JSON Schema 2020-12, with formats asserted.
 *
 * @throws ConfigError when it is not a schema, refers outside itself, or asks for `x-mcp-header`
 * mirroring (MCP 2026-07-28), which this server does not offer.
 */
export function compileSchema(name: string, schema: JsonSchema): Validate {
  if (/"x-mcp-header":/.test(JSON.stringify(schema))) {
    throw new ConfigError([`${name}: x-mcp-header is not supported`])
  }
  // Unknown keywords are annotations (JSON Schema 2020-12 core s6.5), so strict mode is off. One
  // instance a schema: two tools may use the same $id.
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  formats.default(ajv)
  try {
    const validate = ajv.compile(schema)
    return (value) => (validate(value) ? undefined : sentence(validate.errors ?? []))
  } catch {
    throw new ConfigError([`${name} is not a JSON Schema (2020-12) that stands by itself`])
  }
}

function sentence(errors: readonly ErrorObject[]): string {
  return errors.slice(0, MAX_FAULTS).map(describe).join('; ')
}

function describe({ instancePath, message, params }: ErrorObject): string {
  const extra = params['additionalProperty'] ?? params['unevaluatedProperty']
  const allowed = params['allowedValues']
  const detail =
    extra !== undefined
      ? ` (${JSON.stringify(extra)})`
      : Array.isArray(allowed)
        ? ` (${allowed.join(', ')})`
        : ''
  return `${instancePath || 'arguments'} ${message ?? 'does not fit'}${detail}`
}
