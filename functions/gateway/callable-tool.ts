import { publishTool } from '../../shared/compile-catalogue.ts'
import { createFaultLocator, type LocateFault } from '../../shared/json-schema/fault-location.ts'
import { createValidator, type Validate } from '../../shared/json-schema/validator.ts'
import type { ToolDefinition } from '../../shared/tools.ts'

/** A tool with validators for its arguments and results. The schemas are compiled on first use. */
export interface CallableTool extends ToolDefinition {
  readonly validateInput: Validate
  /** Its result can be logged. */
  readonly validateOutput?: LocateFault | undefined
}

/**
 * Adds validators to a tool. `isChecked` means that its schemas have already been checked.
 *
 * @throws ConfigError with one line for each fault in the schemas.
 */
export function compileTool(tool: ToolDefinition, isChecked = false): CallableTool {
  const published = isChecked ? tool : publishTool(tool)
  const { inputSchema, outputSchema, formatAssertion } = published
  return {
    ...published,
    validateInput: createValidator(inputSchema, formatAssertion),
    ...(outputSchema && { validateOutput: createFaultLocator(outputSchema, formatAssertion) }),
  }
}
