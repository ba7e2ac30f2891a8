import type { ApiDocument } from './document/load-document.ts'
import { labelOf, operationsOf } from './document/operation.ts'
import { OperationError } from './import-error.ts'
import { type Selection, selectOperations, unmatchedSelectors } from './selection.ts'
import { type ToolMembers, type ToolOptions, toTool } from './tool/to-tool.ts'
import { nameOperations } from './tool/tool-names.ts'

/** The result of converting a document. */
export interface Conversion {
  readonly tools: readonly ConvertedTool[]
  readonly leftOut: readonly { readonly operation: string; readonly reason: string }[]
  readonly warnings: readonly string[]
}

export interface ConvertedTool {
  readonly name: string
  /** The label of the operation, such as `GET /pets/{petId}`. */
  readonly operation: string
  readonly members: ToolMembers
  /** Notes about the conversion for the report, one line each. */
  readonly notes: readonly string[]
}

const MANY_TOOLS = 30

/**
 * Converts each selected operation to a tool. Lists operations that cannot be converted with the reason.
 */
export function convert(
  document: ApiDocument,
  selection: Selection,
  options: ToolOptions,
): Conversion {
  const operations = operationsOf(document)
  const names = nameOperations(operations)
  const { selected, leftOut } = selectOperations(operations, selection)
  const tools: ConvertedTool[] = []
  const failed: { operation: string; reason: string }[] = []
  for (const operation of selected) {
    const label = labelOf(operation)
    const name = names.get(operation) ?? ''
    const notes = new Set<string>()
    try {
      const members = toTool(document, operation, name, options, (note) => notes.add(note))
      tools.push({ name, operation: label, members, notes: [...notes] })
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      failed.push({ operation: label, reason: error.message })
    }
  }
  const warnings = [
    ...document.problems,
    ...unmatchedSelectors(selection, operations),
    ...(tools.length > MANY_TOOLS
      ? [
          `${tools.length} tools are too many for a model to choose from: select about ${MANY_TOOLS} with --include and --exclude`,
        ]
      : []),
  ]
  return { tools, leftOut: [...leftOut, ...failed], warnings }
}
