import { CommandError } from '../kit/errors.ts'

/** The command cannot go on, for a reason that the person at the keyboard can mend. */
export class DeployError extends CommandError {
  override readonly name: string = 'DeployError'
}

/** A program that this command needs is not on this machine. */
export class NotInstalledError extends DeployError {
  override readonly name = 'NotInstalledError'
}
