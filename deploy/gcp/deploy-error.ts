import { CommandError } from '../kit/errors.ts'

/** The command cannot continue, for a reason that the operator can correct. */
export class DeployError extends CommandError {
  override readonly name: string = 'DeployError'
}

/** A program that this command requires is not installed. */
export class NotInstalledError extends DeployError {
  override readonly name = 'NotInstalledError'
}
