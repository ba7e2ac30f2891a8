/** The command cannot go on, for a reason that its user can mend: exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** The command line is wrong, and nothing was done: exit code 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}
