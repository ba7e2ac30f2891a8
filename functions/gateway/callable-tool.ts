import { publishTool } from '../../shared/compile-catalogue.ts'
import { createValidator, type Validate } from '../../shared/json-schema/validator.ts'
import type { ToolDefinition } from '../../shared/tools.ts'

/** A tool whose arguments and results can be checked; its schemas are compiled when they are first used. */
export interface CallableTool extends ToolDefinition {
  readonly validateInput: Validate
  readonly validateOutput?: Validate | undefined
}

/**
 * Makes a tool callable. `isChecked`: its schemas have been checked before.
 *
 * @throws ConfigError with a line for each fault of its schemas.
 */
export function compileTool(tool: ToolDefinition, isChecked = false): CallableTool {
  const published = isChecked ? tool : publishTool(tool)
  const { inputSchema, outputSchema, formatAssertion } = published
  return {
    ...published,
    validateInput: createValidator(inputSchema, formatAssertion),
    ...(outputSchema && { validateOutput: createValidator(outputSchema, formatAssertion) }),
  }
}
