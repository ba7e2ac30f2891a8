import { CommandError } from '../kit/errors.ts'

/** The whole import failed, with exit code 1. The message states the reason. */
export class ImportError extends CommandError {
  override readonly name = 'ImportError'
}

/** One operation cannot be converted to a tool. The message is the reason in the report. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
}
