import { listField, nameField, textField } from './log-text.ts'

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
}

export interface LogOptions {
  readonly service: string
  readonly level: LogLevel
  /** Project of the trace links; without it a trace is logged as its bare id. */
  readonly project?: string | undefined
  readonly write?: (line: string) => void
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 }
/** Bytes of what callers name themselves by: it is in every record of a batch of calls. */
const MAX_NAME_BYTES = 128
const NAMES: ReadonlySet<string> = new Set(['subject', 'client'])

/**
 * A log in Cloud Logging's structured format: one JSON object per line on standard output, with
 * `severity`, `message`, `time` and the fields. A field named `trace` (32 hex digits) becomes
 * `logging.googleapis.com/trace`. Control and format characters are written as escapes. A text takes at
 * most 1,000 bytes, a `subject` or `client` 128, a list 16,000.
 */
export function createLog({
  service,
  level,
  project,
  write = (line) => process.stdout.write(line),
}: LogOptions): Log {
  const least = RANK[level]
  const writer = (bound: LogFields, severity: string) => (event: string, fields?: LogFields) => {
    const { trace, ...rest } = { ...bound, ...fields }
    const entry = {
      severity,
      message: event,
      time: new Date().toISOString(),
      service,
      ...(trace !== undefined && {
        'logging.googleapis.com/trace': project ? `projects/${project}/traces/${trace}` : trace,
      }),
      ...rest,
    }
    write(`${encodeFields(entry)}\n`)
  }
  const at = (bound: LogFields, severity: LogLevel) =>
    RANK[severity] < least ? () => undefined : writer(bound, severity.toUpperCase())
  const make = (bound: LogFields): Log => ({
    debug: at(bound, 'debug'),
    info: at(bound, 'info'),
    warning: at(bound, 'warning'),
    error: at(bound, 'error'),
    audit: (event, fields, severity = 'NOTICE') => writer(bound, severity)(event, fields),
    with: (fields) => make({ ...bound, ...fields }),
  })
  return make({})
}

function encodeFields(fields: Readonly<Record<string, LogFields[string]>>): string {
  const members = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${encodeField(name, value)}`],
  )
  return `{${members.join(',')}}`
}

function encodeField(name: string, value: NonNullable<LogFields[string]>): string {
  if (typeof value === 'string') {
    return NAMES.has(name) ? nameField(value, MAX_NAME_BYTES) : textField(value)
  }
  return typeof value === 'object' ? listField(value) : JSON.stringify(value)
}
