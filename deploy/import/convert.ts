import { mapConcurrently } from './document/concurrently.ts'
import type { ApiDocument } from './document/load-document.ts'
import { labelOf, type Operation, operationsOf } from './document/operation.ts'
import { OperationError, UnresolvedError } from './import-error.ts'
import { type Selection, selectOperations, unmatchedSelectors } from './selection.ts'
import { credentialsOf, credentialWarnings } from './tool/credentials.ts'
import { type ToolMembers, type ToolOptions, toTool } from './tool/to-tool.ts'
import { nameOperations } from './tool/tool-names.ts'

/** The result of converting a document. */
export interface Conversion {
  readonly tools: readonly ConvertedTool[]
  readonly leftOut: readonly { readonly operation: string; readonly reason: string }[]
  /** The labels of those that were left out because a reference could not be resolved. */
  readonly unresolved: readonly string[]
  readonly warnings: readonly string[]
}

export interface ConvertedTool {
  readonly name: string
  /** The label of the operation, such as `GET /pets/{petId}`. */
  readonly operation: string
  readonly members: ToolMembers
  /** Notes about the conversion for the report, one line each. */
  readonly notes: readonly string[]
  /** The credentials that the document requires besides a sign-in. */
  readonly credentials: readonly string[]
}

const MANY_TOOLS = 30

/**
 * Converts each selected operation to a tool. Lists operations that cannot be converted with the reason.
 * Reads only the files that the selected operations need.
 */
export async function convert(
  document: ApiDocument,
  selection: Selection,
  options: ToolOptions,
): Promise<Conversion> {
  const operations = await operationsOf(document)
  const names = nameOperations(operations)
  const { selected, leftOut } = selectOperations(operations, selection)
  const results = await mapConcurrently(selected, (operation) =>
    convertOne(document, operation, names.get(operation) ?? '', options),
  )
  const tools = results.filter((one) => 'members' in one)
  const failed = results.filter((one) => 'error' in one)
  const limit = document.reachedLimit()
  const warnings = [
    ...(limit === undefined ? [] : [limit]),
    ...unmatchedSelectors(selection, operations),
    ...credentialWarnings(tools.flatMap(({ credentials }) => credentials)),
    ...(tools.length > MANY_TOOLS
      ? [
          `${tools.length} tools are too many for a model to choose from: select about ${MANY_TOOLS} with --include and --exclude`,
        ]
      : []),
  ]
  return {
    tools,
    leftOut: [
      ...leftOut,
      ...failed.map(({ operation, error }) => ({ operation, reason: error.message })),
    ],
    unresolved: failed
      .filter(({ error }) => error instanceof UnresolvedError)
      .map(({ operation }) => operation),
    warnings,
  }
}

async function convertOne(
  document: ApiDocument,
  operation: Operation,
  name: string,
  options: ToolOptions,
): Promise<ConvertedTool | { readonly operation: string; readonly error: OperationError }> {
  const label = labelOf(operation)
  try {
    if (operation.error !== undefined) throw operation.error
    return await document.reading(() => {
      const notes = new Set<string>()
      const members = toTool(document, operation, name, options, (note) => notes.add(note))
      const credentials = credentialsOf(document, operation)
      return { name, operation: label, members, notes: [...notes], credentials }
    })
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    return { operation: label, error }
  }
}
