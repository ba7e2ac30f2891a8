/** What is fuzzed: a reader of text that others write, and what must hold for every text. */
export interface FuzzTarget {
  readonly name: string
  /** Texts from which others are made by changing them; good ones among them. */
  readonly seeds: readonly string[]
  /** Throws when what must hold does not; an error message must not need the text to be understood. */
  readonly check: (text: string) => void | Promise<void>
}

/** What stands in a text where an error must not quote it. */
export const MARKER = 'hunter2'

/** A property that does not hold. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding'
}

/** @throws FuzzFinding with this message unless it holds. */
export function must(holds: boolean, message: string): asserts holds {
  if (!holds) throw new FuzzFinding(message)
}

/**
 * What `run` returns, or undefined when it throws an error of these classes that does not quote the
 * marker. Anything else that it throws is thrown again.
 */
export function onlyRefuses<Value>(
  allowed: readonly (new (...args: never[]) => Error)[],
  run: () => Value,
): Value | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof Error) || !allowed.some((type) => error instanceof type)) throw error
    must(!error.message.includes(MARKER), `an error quotes what it refuses: ${error.name}`)
    return undefined
  }
}
