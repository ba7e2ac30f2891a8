import type { Management } from 'auth0'
import { z } from 'zod'
import { isLoopback } from '../../../shared/config.ts'
import { tooMany } from '../client.ts'
import { given } from '../control/faults.ts'
import { TenantError } from '../http.ts'
import { newLogStreamId } from '../log-stream/log-stream-settings.ts'
import type { TenantLog } from '../log-stream/log-streams.ts'
import type { TenantLogStream, TenantState } from '../state.ts'
import { type ApiCall, found, parseBody, type Route, type Schemas } from './route.ts'

const endpoint = z.string().refine((given) => {
  const url = URL.parse(given)
  return url?.protocol === 'https:' || (url !== null && isLoopback(url.hostname))
}, 'must be an https URL')

const sink = z.strictObject({
  httpEndpoint: endpoint,
  httpAuthorization: z.string().optional(),
  httpContentType: z.string().optional(),
  httpContentFormat: z.enum(['JSONARRAY', 'JSONLINES', 'JSONOBJECT']).optional(),
  httpCustomHeaders: z
    .array(z.strictObject({ header: z.string().min(1), value: z.string() }))
    .optional(),
} satisfies Schemas<Management.LogStreamHttpSink>)

const filter = z.strictObject({
  type: z.literal('category'),
  name: z.enum([
    ...(['auth.login.fail', 'auth.login.notification', 'auth.login.success'] as const),
    ...(['auth.logout.fail', 'auth.logout.success', 'auth.signup.fail'] as const),
    ...(['auth.signup.success', 'auth.silent_auth.fail', 'auth.silent_auth.success'] as const),
    ...(['auth.token_exchange.fail', 'auth.token_exchange.success'] as const),
    ...(['management.fail', 'management.success', 'scim.event', 'system.notification'] as const),
    ...(['user.fail', 'user.notification', 'user.success', 'actions', 'other'] as const),
  ]),
})

const changeable = {
  name: z.string().min(1),
  isPriority: z.boolean(),
  filters: z.array(filter),
  sink,
} satisfies Schemas<Management.UpdateLogStreamRequestContent>

const update = z
  .strictObject({ ...changeable, status: z.enum(['active', 'paused', 'suspended']) })
  .partial()
const create = z.strictObject({
  ...z.strictObject(changeable).partial().shape,
  sink,
  // The only sink that the emulator supports.
  type: z.literal('http'),
  startFrom: z.iso.datetime({ offset: true }).optional(),
} satisfies Schemas<Management.CreateLogStreamHttpRequestBody>)

/** The endpoints at `/log-streams`. */
export function logStreamRoutes(state: TenantState, log: TenantLog): readonly Route[] {
  const { logStreams, logs } = state
  const get = ({ id }: ApiCall): TenantLogStream => {
    checkPlan(state)
    return found(logStreams.get(id), 'inexistent_log_stream', 'log stream')
  }
  const list = (): TenantLogStream[] => {
    checkPlan(state)
    return [...logStreams.values()].map((stream) => shown(state, stream))
  }

  const post = ({ body }: ApiCall): Management.LogStreamHttpResponseSchema => {
    const { startFrom, ...rest } = parseBody(create, body)
    checkPlan(state)
    const { logStreamLimit } = state.traits
    if (logStreamLimit !== null && logStreams.size >= logStreamLimit) throw tooMany()
    const id = newLogStreamId()
    const defaults = { name: id, isPriority: false, filters: [] }
    const stream: TenantLogStream = { id, status: 'active', ...defaults, ...given(rest) }
    logStreams.set(id, stream)
    const since = startFrom === undefined ? Number.POSITIVE_INFINITY : Date.parse(startFrom)
    log.start(
      stream,
      logs.filter(({ data }) => Date.parse(data.date) >= since),
    )
    return stream
  }
  const patch = (call: ApiCall): Management.LogStreamHttpResponseSchema => {
    const stream: TenantLogStream = { ...get(call), ...given(parseBody(update, call.body)) }
    logStreams.set(stream.id, stream)
    log.refresh()
    return stream
  }
  const remove = (call: ApiCall): undefined => {
    logStreams.delete(get(call).id)
    log.refresh()
  }

  const many = '/log-streams'
  const one = '/log-streams/:id'
  return [
    { method: 'GET', path: many, scopes: ['read:log_streams'], answer: list },
    {
      method: 'GET',
      path: one,
      scopes: ['read:log_streams'],
      answer: (call) => shown(state, get(call)),
    },
    {
      method: 'POST',
      path: many,
      scopes: ['create:log_streams'],
      answer: post,
      description: 'Create a log stream',
    },
    {
      method: 'PATCH',
      path: one,
      scopes: ['update:log_streams'],
      answer: patch,
      description: 'Update a log stream',
    },
    {
      method: 'DELETE',
      path: one,
      scopes: ['delete:log_streams'],
      status: 204,
      answer: remove,
      description: 'Delete a log stream',
    },
  ]
}

function shown({ traits }: TenantState, stream: TenantLogStream): TenantLogStream {
  const { sink } = stream
  if (traits.logStreamSecrets === 'shown' || sink.httpAuthorization === undefined) return stream
  return { ...stream, sink: { ...sink, httpAuthorization: '******' } }
}

/** @throws TenantError 403 with Auth0's message if the plan does not include log streams. */
function checkPlan({ traits }: TenantState): void {
  if (traits.logStreams === 'allowed') return
  const message = 'The account is not allowed to perform this operation.'
  throw new TenantError(403, 'insufficient_entitlement', message)
}
