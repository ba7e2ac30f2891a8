/** The import as a whole cannot go on; the message says why. The command answers exit code 1. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}

/** One operation cannot become a tool; the message is the reason that the report shows. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
}
