import { CommandError } from '../kit/errors.ts'

/** The whole import failed, with exit code 1. The message states the reason. */
export class ImportError extends CommandError {
  override readonly name: string = 'ImportError'
}

/** A limit of the import was reached, so that the rest of the document was not read. */
export class LimitError extends ImportError {
  override readonly name = 'LimitError'
}

/** One operation cannot be converted to a tool. The message is the reason in the report. */
export class OperationError extends Error {
  override readonly name: string = 'OperationError'
}

/** A part of an operation is unknown, because a reference or its file could not be resolved. */
export class UnresolvedError extends OperationError {
  override readonly name = 'UnresolvedError'
}

/** A conversion needs a file that has not been read. `ApiDocument.reading` reads it and repeats. */
export class FileNeededError extends Error {
  override readonly name = 'FileNeededError'
  readonly url: string
  constructor(url: string) {
    super(`${url} has not been read`)
    this.url = url
  }
}
