import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** The variable with the directory for all log lines of the run. `test/privacy.ts` sets it. */
export const WRITTEN = 'WRITTEN_LINES'

/** Stores a log line for the check after all tests. */
export function keepWritten(line: string): void {
  keep('lines', line)
}

/** Registers a value that no log line may contain. */
export function keepSecret(secret: string): void {
  keep('secrets', secret)
}

function keep(kind: 'lines' | 'secrets', text: string): void {
  const directory = process.env[WRITTEN]
  if (directory !== undefined)
    appendFileSync(join(directory, `${kind}-${process.pid}`), `${text}\n`)
}
