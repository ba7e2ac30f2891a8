import { randomBytes } from 'node:crypto'
import type { TenantLogStream } from '../state.ts'
import type { LogStreamFormat, LogStreamTarget } from './log-delivery.ts'

export interface LogStreamSettings {
  readonly format: LogStreamFormat
  /** The delay between an event and its delivery, in milliseconds. */
  readonly delayMs: number
  readonly paused: boolean
}

/** The settings of the log stream. All except its target have defaults. */
export interface LogStreamOptions extends Partial<Pick<LogStreamSettings, 'format' | 'delayMs'>> {
  readonly url: string
  /** The exact value of the Authorization header field. */
  readonly authorization: string
}

export const INITIAL_SETTINGS: LogStreamSettings = {
  format: 'JSONARRAY',
  delayMs: 0,
  paused: false,
}

/** Returns the target of a stream; undefined if the stream does not exist or is not active. */
export function targetOf(stream: TenantLogStream | undefined): LogStreamTarget | undefined {
  if (stream === undefined || stream.status !== 'active') return undefined
  const { httpEndpoint, httpAuthorization, httpContentType, ...sink } = stream.sink
  const custom = (sink.httpCustomHeaders ?? []).map(({ header, value }) => [header ?? '', value])
  return {
    url: httpEndpoint,
    headers: {
      ...Object.fromEntries(custom.filter(([header]) => header !== '')),
      'content-type': httpContentType ?? 'application/json',
      ...(httpAuthorization !== undefined && { authorization: httpAuthorization }),
    },
    format: sink.httpContentFormat ?? 'JSONLINES',
  }
}

/** Returns the settings of a stream that `/__tenant` can change; empty without a stream. */
export function settingsOf(stream: TenantLogStream | undefined) {
  if (stream === undefined) return {}
  const format: LogStreamFormat = stream.sink.httpContentFormat ?? 'JSONLINES'
  return { format, paused: stream.status !== 'active' }
}

export function withSettings(
  stream: TenantLogStream,
  { format, paused }: Partial<LogStreamSettings>,
): TenantLogStream {
  const status = paused === undefined ? stream.status : paused ? 'paused' : 'active'
  const sink = { ...stream.sink, ...(format !== undefined && { httpContentFormat: format }) }
  return { ...stream, status, sink }
}

export function newLogStreamId(): string {
  return `lst_${randomBytes(8).toString('hex')}`
}

/** Returns the log stream that this system requires, which replaces the previous one. */
export function localStream(
  url: string,
  httpAuthorization: string,
  settings: LogStreamSettings,
  previous: TenantLogStream | undefined,
): TenantLogStream {
  return withSettings(
    {
      id: newLogStreamId(),
      name: 'log-webhook',
      type: 'http',
      status: 'active',
      isPriority: false,
      filters: [{ type: 'category', name: 'management.success' }],
      ...previous,
      sink: { httpEndpoint: url, httpAuthorization, httpContentType: 'application/json' },
    },
    settings,
  )
}
