let waiting = ''
let whenWritten: Promise<void> | undefined
let onWritten: (() => void) | undefined

/**
 * Writes a line to standard output together with the other lines of the same event loop turn, to save
 * system calls. Lines are written at the end of the turn, by `flushLines`, and when the process exits,
 * except by SIGKILL.
 */
export function writeLine(line: string): void {
  if (waiting === '') {
    setImmediate(flushLines)
    listenOnExit()
  }
  waiting += line
}

/** Writes the buffered lines. The write is synchronous if standard output is a pipe or a file. */
export function flushLines(): void {
  if (waiting === '') return
  const lines = waiting
  waiting = ''
  process.stdout.write(lines)
  onWritten?.()
  whenWritten = undefined
  onWritten = undefined
}

/** Resolves when the lines so far are written, at the end of the event loop turn. */
export function linesWritten(): Promise<void> {
  if (waiting === '') return Promise.resolve()
  whenWritten ??= new Promise((resolve) => {
    onWritten = resolve
  })
  return whenWritten
}

let isListening = false

function listenOnExit(): void {
  if (isListening) return
  isListening = true
  process.on('exit', flushLines)
}
