/** An argument cannot travel where the tool's `request` puts it. `message` names it, not its value. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'

  /** `why` completes a sentence that begins with the argument. */
  constructor(argument: string, why: string) {
    super(`argument ${JSON.stringify(argument.slice(0, 128))} ${why}`)
  }
}
