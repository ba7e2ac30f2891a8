import { linesWritten, writeLine } from './log/log-output.ts'
import { listField, nameField, textField } from './log/log-text.ts'

/** Cloud Logging's severities that this system uses, by the names that LOG_LEVEL takes. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** What may stand in a log line. Tokens, secrets, arguments and bodies never do. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>

/** Writes one line per event; `event` is past tense (`token_rejected`), fields are picked by name. */
export interface Log {
  readonly debug: (event: string, fields?: LogFields) => void
  readonly info: (event: string, fields?: LogFields) => void
  readonly warning: (event: string, fields?: LogFields) => void
  readonly error: (event: string, fields?: LogFields) => void
  /** Written at every level: a record of who did what, ERROR if it is the system that failed. */
  readonly audit: (event: string, fields?: LogFields, severity?: 'NOTICE' | 'ERROR') => void
  /** The same log with fields that every line carries, such as a request's id and trace. */
  readonly with: (fields: LogFields) => Log
  /**
   * Resolves when the lines so far are written, at the end of the event loop's turn: for what must not
   * happen without its record.
   */
  readonly written: () => Promise<void>
}

export interface LogOptions {
  readonly service: string
  readonly level: LogLevel
  /** Project of the trace links; without it a trace is logged as its bare id. */
  readonly project?: string | undefined
  /** Instead of to standard output, which takes the lines of a turn together. */
  readonly write?: (line: string) => void
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 }
/** Bytes of what callers name themselves by: it is in every record of a batch of calls. */
const MAX_NAME_BYTES = 128
const NAMES: ReadonlySet<string> = new Set(['subject', 'client'])

/**
 * A log in Cloud Logging's structured format: one JSON object per line on standard output, with
 * `severity`, `message`, `time` and the fields. A field named `trace` (32 hex digits) becomes
 * `logging.googleapis.com/trace`. Control and format characters are written as escapes. A text takes at
 * most 1,000 bytes, a `subject` or `client` 128, a list 16,000.
 */
export function createLog({ service, level, project, write = writeLine }: LogOptions): Log {
  const minRank = RANKS[level]
  const inService = `,"service":${textField(service)}`
  const encodeTrace = (trace: string) =>
    `,"logging.googleapis.com/trace":${textField(project ? `projects/${project}/traces/${trace}` : trace)}`
  const encode = (fields: LogFields | undefined): string => {
    let text = ''
    for (const name in fields) {
      const value = fields[name]
      if (value === undefined) continue
      text +=
        name === 'trace' ? encodeTrace(String(value)) : `,"${name}":${encodeField(name, value)}`
    }
    return text
  }
  const make = (bound: LogFields): Log => {
    // Written once, although most requests have several lines.
    let boundText: string | undefined
    const writeEntry = (severity: string, event: string, fields: LogFields | undefined) => {
      const isOwn = fields === undefined || !Object.keys(bound).some((name) => name in fields)
      boundText ??= encode(bound)
      const about = isOwn ? boundText + encode(fields) : encode({ ...bound, ...fields })
      write(
        `{"severity":"${severity}","message":${textField(event)},"time":"${timeNow()}"${inService}${about}}\n`,
      )
    }
    const at = (severity: LogLevel) => {
      if (RANKS[severity] < minRank) return () => undefined
      const name = severity.toUpperCase()
      return (event: string, fields?: LogFields) => writeEntry(name, event, fields)
    }
    return {
      debug: at('debug'),
      info: at('info'),
      warning: at('warning'),
      error: at('error'),
      audit: (event, fields, severity = 'NOTICE') => writeEntry(severity, event, fields),
      with: (fields) => make({ ...bound, ...fields }),
      written: linesWritten,
    }
  }
  return make({})
}

let timeMs = 0
let timeText = ''

/** The current time in ISO 8601; made once for all lines of a millisecond. */
function timeNow(): string {
  const now = Date.now()
  if (now !== timeMs) {
    timeMs = now
    timeText = new Date(now).toISOString()
  }
  return timeText
}

function encodeField(name: string, value: NonNullable<LogFields[string]>): string {
  if (typeof value === 'string') {
    return NAMES.has(name) ? nameField(value, MAX_NAME_BYTES) : textField(value)
  }
  return typeof value === 'object' ? listField(value) : JSON.stringify(value)
}
