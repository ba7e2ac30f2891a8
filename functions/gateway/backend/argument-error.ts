/**
 * An argument that cannot be sent where the `request` of the tool puts it. `message` names the
 * argument without its value.
 */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'

  /** `why` completes a sentence whose subject is the argument. */
  constructor(argument: string, why: string) {
    super(`argument ${JSON.stringify(argument.slice(0, 128))} ${why}`)
  }
}
