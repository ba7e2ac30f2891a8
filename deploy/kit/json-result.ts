import { printableJson } from '../../shared/log/printable.ts'

interface Output {
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/**
 * Runs `work`, which writes text for people. With `isJson` that text goes to standard error, and standard
 * output gets the result of `work`. `runCommand` prints the result of a failure.
 */
export async function withJsonResult<Result extends object>(
  isJson: boolean,
  { write, writeError }: Output,
  work: (write: (text: string) => void) => Promise<Result>,
): Promise<Result> {
  if (!isJson) return work(write)
  const result = await work(writeError)
  write(toJson({ ok: true, ...result }))
  return result
}

/** Returns the JSON document of a command that failed. */
export function failureJson(error: string): string {
  return toJson({ ok: false, error })
}

function toJson(document: object): string {
  return `${printableJson(JSON.stringify(document, undefined, 2))}\n`
}
