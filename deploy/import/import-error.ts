import { CommandError } from '../kit/errors.ts'

/** The whole import failed; the message states the reason. Exit code 1. */
export class ImportError extends CommandError {
  override readonly name = 'ImportError'
}

/** One operation cannot be converted to a tool; the message is the reason in the report. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
}
