import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the whole run keeps what the system writes; set by `test/privacy.ts`. */
export const WRITTEN = 'WRITTEN_LINES'

/** Keeps a line that the system wrote, for the check when all tests have run. */
export function keepWritten(line: string): void {
  keep('lines', line)
}

/** Names a value that no line may hold. */
export function keepSecret(secret: string): void {
  keep('secrets', secret)
}

function keep(kind: 'lines' | 'secrets', text: string): void {
  const directory = process.env[WRITTEN]
  if (directory !== undefined)
    appendFileSync(join(directory, `${kind}-${process.pid}`), `${text}\n`)
}
