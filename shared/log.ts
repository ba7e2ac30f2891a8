import { linesWritten, writeLine } from './log/log-output.ts'
import { listField, nameField, textField } from './log/log-text.ts'

/** The log levels that LOG_LEVEL accepts, in Cloud Logging's severities. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** The fields of a log line. They must not contain tokens, secrets, arguments or bodies. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>

/** Writes one line per event. `event` is a name in the past tense, such as `token_rejected`. */
export interface Log {
  readonly debug: (event: string, fields?: LogFields) => void
  readonly info: (event: string, fields?: LogFields) => void
  readonly warning: (event: string, fields?: LogFields) => void
  readonly error: (event: string, fields?: LogFields) => void
  /** Writes an audit record at every log level. Its severity is ERROR if the system failed. */
  readonly audit: (event: string, fields?: LogFields, severity?: 'NOTICE' | 'ERROR') => void
  /** Returns the log with fields for every line, such as the ID and trace of a request. */
  readonly with: (fields: LogFields) => Log
  /**
   * Resolves when the lines so far are written, at the end of the event loop turn. For actions that must
   * not happen without their record.
   */
  readonly written: () => Promise<void>
}

export interface LogOptions {
  readonly service: string
  readonly level: LogLevel
  /** The project of trace links. Without it, only the trace ID is logged. */
  readonly project?: string | undefined
  /** Writes a line. Default: standard output, which gets the lines of a turn in one write. */
  readonly write?: (line: string) => void
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 }
/** The limit for names of callers, because each record of a batch of calls contains them. */
const MAX_NAME_BYTES = 128
const NAMES: ReadonlySet<string> = new Set(['subject', 'client'])

/**
 * Returns a log in Cloud Logging's structured format: one JSON object per line on standard output, with
 * `severity`, `message`, `time` and the fields. A field named `trace` (32 hex digits) becomes
 * `logging.googleapis.com/trace`. Control and format characters are escaped. A text is truncated to
 * 1,000 bytes, a `subject` or `client` to 128, a list to 16,000.
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
    // Encoded once, because most requests write several lines.
    let boundText: string | undefined
    const writeEntry = (severity: string, event: string, fields: LogFields | undefined) => {
      boundText ??= encode(bound)
      const about = replacesAny(bound, fields)
        ? encode({ ...bound, ...fields })
        : boundText + encode(fields)
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

function replacesAny(bound: LogFields, fields: LogFields | undefined): boolean {
  for (const name in fields) if (name in bound) return true
  return false
}

let timeMs = 0
let timeText = ''

/** Returns the current time in ISO 8601. Formats it once per millisecond. */
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
