import { CommandError } from '../kit/errors.ts'

/**
 * The local system cannot start, for a reason that the person at the keyboard can mend. `message`
 * says all there is to say; a stack trace would add nothing.
 */
export class StartError extends CommandError {
  override readonly name = 'StartError'
}
