import { ConfigError } from '../../shared/config.ts'
import { printableJson } from '../../shared/log/printable.ts'
import { CommandError, UsageError } from './errors.ts'

interface Output {
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/**
 * Runs `work`, which writes text for people. With `isJson` that text goes to standard error, and standard
 * output gets the result of `work`, or `{"ok": false, "error"}` if it fails.
 */
export async function withJsonResult<Result extends object>(
  isJson: boolean,
  { write, writeError }: Output,
  work: (write: (text: string) => void) => Promise<Result>,
): Promise<Result> {
  if (!isJson) return work(write)
  try {
    const result = await work(writeError)
    write(toJson({ ok: true, ...result }))
    return result
  } catch (error) {
    const isReason = error instanceof CommandError || error instanceof ConfigError
    if (isReason && !(error instanceof UsageError)) {
      write(toJson({ ok: false, error: error.message }))
    }
    throw error
  }
}

function toJson(document: object): string {
  return `${printableJson(JSON.stringify(document, undefined, 2))}\n`
}
