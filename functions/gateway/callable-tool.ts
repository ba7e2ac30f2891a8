import type { ToolDefinition } from '../../shared/tools.ts'
import { compileSchema, type Validate } from './json-schema.ts'

/** A tool with its schemas compiled. */
export interface CallableTool extends ToolDefinition {
  readonly validateInput: Validate
  readonly validateOutput?: Validate | undefined
}

/** @throws ConfigError when a schema is none. */
export function compileTool(tool: ToolDefinition): CallableTool {
  return {
    ...tool,
    validateInput: compileSchema('inputSchema', tool.inputSchema),
    ...(tool.outputSchema && {
      validateOutput: compileSchema('outputSchema', tool.outputSchema),
    }),
  }
}
