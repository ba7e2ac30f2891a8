import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { ConfigError } from '../../shared/config.ts'
import type { JsonSchema } from '../../shared/tools.ts'
import { validationSentence } from './validation-sentence.ts'

/** Returns undefined when `value` fits, else one sentence that names places, never values. */
export type Validate = (value: unknown) => string | undefined

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

// Unknown keywords are annotations (JSON Schema 2020-12 core s6.5), so strict mode is off. Two tools
// may use the same $id, so none is kept. Compiling the dialect's own schema would take longer than
// all else that the gateway does before its first call, so what a keyword takes is left to the
// compilation of the keyword.
const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  logger: false,
  addUsedSchema: false,
  validateSchema: false,
  meta: false,
})
formats.default(ajv)

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
  const { $schema = DIALECT } = schema
  try {
    if (String($schema).replace(/#$/, '') !== DIALECT) throw new Error('another dialect')
    const validate = ajv.compile(schema)
    return (value) => (validate(value) ? undefined : validationSentence(validate.errors ?? []))
  } catch {
    throw new ConfigError([`${name} is not a JSON Schema (2020-12) that stands by itself`])
  }
}
