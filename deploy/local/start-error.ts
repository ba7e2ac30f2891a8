import { CommandError } from '../kit/errors.ts'

/**
 * The local system cannot start, for a reason that the user can correct. The message is shown without a
 * stack trace.
 */
export class StartError extends CommandError {
  override readonly name = 'StartError'
}
