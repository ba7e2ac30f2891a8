import { CommandError } from '../kit/errors.ts'

/**
 * The local system cannot start, for a reason that the user can correct. The message is complete; a stack
 * trace is not shown.
 */
export class StartError extends CommandError {
  override readonly name = 'StartError'
}
