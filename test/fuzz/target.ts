/** A parser of foreign text, and the properties that must hold for every text. */
export interface FuzzTarget {
  readonly name: string
  /** Texts from which others are generated. Some of them are valid. */
  readonly seeds: readonly string[]
  /** Throws if a property does not hold. The error message must be clear without the text. */
  readonly check: (text: string) => void | Promise<void>
}

/** A part of the texts that error messages must not contain. */
export const MARKER = 'hunter2'

/** A property that does not hold. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding'
}

/** @throws FuzzFinding with this message if `holds` is false. */
export function must(holds: boolean, message: string): asserts holds {
  if (!holds) throw new FuzzFinding(message)
}

/**
 * Returns the result of `run`, or undefined if it throws an error of the allowed classes.
 *
 * @throws FuzzFinding if the message of such an error contains the marker.
 * @throws any other error of `run`.
 */
export function onlyRefuses<Value>(
  allowed: readonly (new (...args: never[]) => Error)[],
  run: () => Value,
): Value | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof Error) || !allowed.some((type) => error instanceof type)) throw error
    must(
      !error.message.includes(MARKER),
      `an error message contains the refused text: ${error.name}`,
    )
    return undefined
  }
}
