/** The output of progress. */
export interface ProgressOutput {
  readonly write: (text: string) => void
  /** A terminal gets one changing line; other outputs get separate lines. */
  readonly isTerminal: boolean
}

/** Shows what a command is doing after two seconds without other output. */
export interface Progress {
  /** Sets the current activity; undefined = nothing is shown. */
  readonly doing: (what: string | undefined) => void
  /** Must be called before other output is written. */
  readonly yield: () => void
  readonly stop: () => void
}

const FIRST_MS = 2_000
const TERMINAL_MS = 1_000
const LINES_MS = 20_000
const CLEAR_LINE = '\r\u001b[2K'

export function createProgress({ write, isTerminal }: ProgressOutput): Progress {
  let what: string | undefined
  let startedMs = 0
  let isShown = false
  let timer: NodeJS.Timeout | undefined
  const clear = () => {
    if (isShown && isTerminal) write(CLEAR_LINE)
    isShown = false
  }
  const show = () => {
    const text = `... ${what} (${Math.round((Date.now() - startedMs) / 1_000)} s)`
    write(isTerminal ? `${CLEAR_LINE}${text}` : `${text}\n`)
    isShown = true
    wait(isTerminal ? TERMINAL_MS : LINES_MS)
  }
  const wait = (ms: number) => {
    clearTimeout(timer)
    timer = what === undefined ? undefined : setTimeout(show, ms).unref()
  }
  const doing = (next: string | undefined) => {
    clear()
    what = next
    startedMs = Date.now()
    wait(FIRST_MS)
  }
  return {
    doing,
    yield: () => {
      clear()
      wait(FIRST_MS)
    },
    stop: () => doing(undefined),
  }
}
