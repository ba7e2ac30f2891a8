import type { Management as Auth0 } from 'auth0'
import {
  type DesiredLogStream,
  type DesiredState,
  LOG_STREAM_FILTER,
  LOG_STREAM_FORMAT,
} from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ReadFailure } from '../reading.ts'
import { type FieldChange, HIDDEN, type Step } from './item.ts'
import {
  type About,
  type Aspect,
  aspect,
  blocked,
  changeOrKeep,
  create,
  keep,
  report,
  unreadable,
} from './steps.ts'
import { dependsOnLogStream, needsLogStream } from './third-parties.ts'

type LogStream = Auth0.LogStreamHttpResponseSchema
type Sink = Auth0.LogStreamHttpSink
type Patch = Auth0.UpdateLogStreamRequestContent

/** What to do in a tenant that has no log streams. */
export const WAYS_WITHOUT_STREAM =
  'ChatGPT connects without a log stream in three ways: one predefined client (npm run provision -- --iss --predefined), AUTH_SERVER_METADATA=curated, or THIRD_PARTY_ACCESS=open'
const DISPENSABLE = 'Clients made with --predefined or --cimd connect without it'
/** How Auth0 answers where the tenant's plan has no log streams, or no more of them. */
const OF_PLAN: ReadonlySet<number | undefined> = new Set([402, 403])

/** The log stream to log-webhook. It is known by its address: other streams are not touched. */
export function planLogStream(desired: DesiredState, snapshot: TenantSnapshot): Step {
  const step = planStream(desired, snapshot)
  const after = step.after ?? []
  return dependsOnLogStream(desired, snapshot)
    ? { ...step, key: 'log-stream', after }
    : { ...step, key: 'log-stream', after, whenRefused: DISPENSABLE }
}

function planStream(desired: DesiredState, snapshot: TenantSnapshot): Step {
  const { logStreams } = snapshot
  const wanted = desired.logStream
  const about: About = {
    area: 'log-stream',
    subject: wanted.endpoint,
    why: 'Tells log-webhook of each client that registers, so that it is admitted or refused',
    where: 'Monitoring > Streams',
  }
  const isNeeded = needsLogStream(desired)
  if ('failure' in logStreams) {
    const { failure } = logStreams
    if (isNeeded) return withoutStreams(about, failure, dependsOnLogStream(desired, snapshot))
    return report({ ...about, why: `${failure.message}. None is needed with ${reasonOf(desired)}` })
  }
  const stream = streamTo(logStreams.value, wanted.endpoint)
  if (stream === undefined && isNeeded) return createStream(about, wanted)
  if (stream === undefined) {
    return keep({ ...about, why: `None, and none is needed with ${reasonOf(desired)}` })
  }
  const aspects: Aspect<Patch>[] = [
    aspect('status', stream.status, 'active'),
    filters(stream),
    sink(stream.sink, wanted),
  ]
  return changeOrKeep(withSecretNote(about, stream.sink), aspects, (body) => ({
    call: 'logStreams.update',
    id: stream.id ?? '',
    body,
  }))
}

function withoutStreams(about: About, failure: ReadFailure, isVital: boolean): Step {
  const { kind, status, message } = failure
  if (kind !== 'failed' || !OF_PLAN.has(status)) return unreadable(about, failure)
  if (isVital) return blocked(about, `${message}. ${WAYS_WITHOUT_STREAM}`)
  return report({ ...about, why: `${message}. ${DISPENSABLE}` })
}

function reasonOf({ thirdPartyAccess }: DesiredState): string {
  return thirdPartyAccess === 'open' ? 'THIRD_PARTY_ACCESS=open' : 'AUTH_SERVER_METADATA=curated'
}

/** The stream to this address; the active one, should there be several. */
export function streamTo(streams: readonly LogStream[], endpoint: string): LogStream | undefined {
  const matching = streams.filter(({ sink }) => sink?.httpEndpoint === endpoint)
  return matching.find(({ status }) => status === 'active') ?? matching[0]
}

/** Auth0 shows what a stream sends as Authorization as of 2026, but promises nowhere to do so. */
export function isMasked(sink: Sink | undefined): boolean {
  return /[*•]{3}|redacted/i.test(sink?.httpAuthorization ?? '')
}

function createStream(about: About, { name, endpoint, authorization }: DesiredLogStream): Step {
  const sink = { httpEndpoint: endpoint, ...LOG_STREAM_FORMAT, httpAuthorization: authorization }
  const filters = [{ ...LOG_STREAM_FILTER }]
  const fields = {
    name,
    type: 'http',
    filters: [LOG_STREAM_FILTER.name],
    'sink.httpContentFormat': sink.httpContentFormat,
    'sink.httpContentType': sink.httpContentType,
    'sink.httpAuthorization': HIDDEN,
  }
  const body = { name, type: 'http' as const, filters, sink }
  return create(about, fields, { call: 'logStreams.create', body })
}

function filters({ filters: before = [] }: LogStream): Aspect<Patch> {
  const shown = before.map(({ type, name }) =>
    type === 'category' ? `${name}` : `${type}:${name}`,
  )
  return {
    fields: [{ field: 'filters', before: shown, after: [LOG_STREAM_FILTER.name] }],
    patch: { filters: [{ ...LOG_STREAM_FILTER }] },
  }
}

/** A sink is patched as a whole, and its custom headers are kept. */
function sink(before: Sink | undefined, wanted: DesiredLogStream): Aspect<Patch> {
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
  if (value === undefined || value === '') return [{ field, before: undefined, after: HIDDEN }]
  if (isMasked(sink) || equivalents.includes(value)) return []
  return [{ field, before: HIDDEN, after: `${HIDDEN} (another)` }]
}

function withSecretNote(about: About, sink: Sink | undefined): About {
  if (!isMasked(sink)) return about
  return {
    ...about,
    why: `${about.why}. Auth0 does not show its secret, so it was not compared; after a change of LOG_WEBHOOK_SECRET set it in the dashboard`,
  }
}
