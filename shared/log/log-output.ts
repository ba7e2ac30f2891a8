let waiting = ''
let whenWritten: Promise<void> | undefined
let onWritten: (() => void) | undefined

/**
 * Writes a line to standard output together with those that follow in the same turn of the event loop:
 * each write is a system call, of which a request would make several. Lines are written at the end of
 * the turn, by `flushLines`, and when the process exits, except by SIGKILL.
 */
export function writeLine(line: string): void {
  if (waiting === '') {
    setImmediate(flushLines)
    listenOnExit()
  }
  waiting += line
}

/** Writes the lines that are waiting. Standard output takes them at once where it is a pipe or a file. */
export function flushLines(): void {
  if (waiting === '') return
  const lines = waiting
  waiting = ''
  process.stdout.write(lines)
  onWritten?.()
  whenWritten = undefined
  onWritten = undefined
}

/** Resolves when the lines so far are written: at the end of the event loop's turn, with all others. */
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
