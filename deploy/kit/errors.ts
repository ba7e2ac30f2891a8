/** The command cannot continue, for a reason that its user can correct: exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** The command line is invalid, and nothing was done: exit code 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}
