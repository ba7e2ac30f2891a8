import type { Management as Auth0 } from 'auth0'
import {
  type DesiredLogStream,
  type DesiredState,
  LOG_STREAM_FILTER,
  LOG_STREAM_FORMAT,
} from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ReadFailure } from '../reading.ts'
import { type FieldChange, type ProvisionStep, REDACTED } from './item.ts'
import {
  blocked,
  changeOrKeep,
  create,
  type FieldPatch,
  type ItemInfo,
  keep,
  patchField,
  report,
  unreadable,
} from './steps.ts'
import { dependsOnLogStream, needsLogStream } from './third-parties.ts'

type LogStream = Auth0.LogStreamHttpResponseSchema
type Sink = Auth0.LogStreamHttpSink
type Patch = Auth0.UpdateLogStreamRequestContent

/** Advice for a tenant without log streams. */
export const ALTERNATIVES_TO_STREAM =
  'ChatGPT connects without a log stream in three ways: one predefined client (npm run provision -- --iss --predefined), AUTH_SERVER_METADATA=curated, or THIRD_PARTY_ACCESS=open'
const NOT_REQUIRED = 'Clients of --predefined or --cimd connect without a log stream'
/** Statuses of Auth0 if the subscription includes no log streams, or no further ones. */
const SUBSCRIPTION_LIMIT_STATUSES: ReadonlySet<number | undefined> = new Set([402, 403])

/** Plans the log stream to log-webhook, identified by its URL. Other streams are not changed. */
export function planLogStream(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep {
  const step = planStream(desired, snapshot)
  const after = step.after ?? []
  return dependsOnLogStream(desired, snapshot)
    ? { ...step, key: 'log-stream', after }
    : { ...step, key: 'log-stream', after, whenRefused: NOT_REQUIRED }
}

function planStream(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep {
  const { logStreams } = snapshot
  const wanted = desired.logStream
  const info: ItemInfo = {
    area: 'log-stream',
    subject: wanted.endpoint,
    why: 'Reports each registered client to log-webhook, which admits or refuses it',
    where: 'Monitoring > Streams',
  }
  const isNeeded = needsLogStream(desired)
  if ('failure' in logStreams) {
    const { failure } = logStreams
    if (isNeeded) return streamsUnavailable(info, failure, dependsOnLogStream(desired, snapshot))
    return report({
      ...info,
      why: `${failure.message}. No log stream is required with ${settingWithoutStream(desired)}`,
    })
  }
  const stream = streamTo(logStreams.value, wanted.endpoint)
  if (stream === undefined && isNeeded) return createStream(info, wanted)
  if (stream === undefined) {
    return keep({
      ...info,
      why: `None, and none is required with ${settingWithoutStream(desired)}`,
    })
  }
  const patches: FieldPatch<Patch>[] = [
    patchField('status', stream.status, 'active'),
    filters(stream),
    sink(stream.sink, wanted),
  ]
  return changeOrKeep(withSecretNote(info, stream.sink), patches, (body) => ({
    call: 'logStreams.update',
    id: stream.id ?? '',
    body,
  }))
}

function streamsUnavailable(
  info: ItemInfo,
  failure: ReadFailure,
  isRequired: boolean,
): ProvisionStep {
  const { kind, status, message } = failure
  if (kind !== 'failed' || !SUBSCRIPTION_LIMIT_STATUSES.has(status))
    return unreadable(info, failure)
  if (isRequired) return blocked(info, `${message}. ${ALTERNATIVES_TO_STREAM}`)
  return report({ ...info, why: `${message}. ${NOT_REQUIRED}` })
}

function settingWithoutStream({ thirdPartyAccess }: DesiredState): string {
  return thirdPartyAccess === 'open' ? 'THIRD_PARTY_ACCESS=open' : 'AUTH_SERVER_METADATA=curated'
}

/** Returns the stream to this URL; prefers an active one. */
export function streamTo(streams: readonly LogStream[], endpoint: string): LogStream | undefined {
  const matching = streams.filter(({ sink }) => sink?.httpEndpoint === endpoint)
  return matching.find(({ status }) => status === 'active') ?? matching[0]
}

/** Returns whether Auth0 hides the stream's secret. In 2026 it does not, but this is undocumented. */
export function isSecretHidden(sink: Sink | undefined): boolean {
  return /[*•]{3}|redacted/i.test(sink?.httpAuthorization ?? '')
}

function createStream(
  info: ItemInfo,
  { name, endpoint, authorization }: DesiredLogStream,
): ProvisionStep {
  const sink = { httpEndpoint: endpoint, ...LOG_STREAM_FORMAT, httpAuthorization: authorization }
  const filters = [{ ...LOG_STREAM_FILTER }]
  const fields = {
    name,
    type: 'http',
    filters: [LOG_STREAM_FILTER.name],
    'sink.httpContentFormat': sink.httpContentFormat,
    'sink.httpContentType': sink.httpContentType,
    'sink.httpAuthorization': REDACTED,
  }
  const body = { name, type: 'http' as const, filters, sink }
  return create(info, fields, { call: 'logStreams.create', body })
}

function filters({ filters: before = [] }: LogStream): FieldPatch<Patch> {
  const shown = before.map(({ type, name }) =>
    type === 'category' ? `${name}` : `${type}:${name}`,
  )
  return {
    fields: [{ field: 'filters', before: shown, after: [LOG_STREAM_FILTER.name] }],
    patch: { filters: [{ ...LOG_STREAM_FILTER }] },
  }
}

/** Auth0 replaces the whole sink, so the patch repeats its custom headers. */
function sink(before: Sink | undefined, wanted: DesiredLogStream): FieldPatch<Patch> {
  const { httpCustomHeaders: headers } = before ?? {}
  const fields: FieldChange[] = [
    ...(['httpContentFormat', 'httpContentType'] as const).map((name) => ({
      field: `sink.${name}`,
      before: before?.[name],
      after: LOG_STREAM_FORMAT[name],
    })),
    ...secret(before, wanted),
  ]
  const sink = {
    httpEndpoint: wanted.endpoint,
    ...LOG_STREAM_FORMAT,
    httpAuthorization: wanted.authorization,
    ...(headers !== undefined && { httpCustomHeaders: headers }),
  }
  return { fields, patch: { sink } }
}

function secret(sink: Sink | undefined, { equivalents }: DesiredLogStream): FieldChange[] {
  const field = 'sink.httpAuthorization'
  const value = sink?.httpAuthorization
  if (value === undefined || value === '') return [{ field, before: undefined, after: REDACTED }]
  if (isSecretHidden(sink) || equivalents.includes(value)) return []
  return [{ field, before: REDACTED, after: `${REDACTED} (different)` }]
}

function withSecretNote(info: ItemInfo, sink: Sink | undefined): ItemInfo {
  if (!isSecretHidden(sink)) return info
  return {
    ...info,
    why: `${info.why}. Auth0 hides its secret, so it was not compared; after a change of LOG_WEBHOOK_SECRET set it in the dashboard`,
  }
}
