/** The command cannot go on, for a reason that the person at the keyboard can mend. */
export class DeployError extends Error {
  override readonly name = 'DeployError'
}
