import { WAYS_WITHOUT_STREAM } from '../../auth0/plan/log-stream.ts'
import { dependsOnLogStream, needsLogStream } from '../../auth0/plan/third-parties.ts'
import type { Failure } from '../../auth0/reading.ts'
import { type Finding, fault, warning } from '../check.ts'
import type { Inside } from '../observe/tenant.ts'

const STREAMS = 'Auth0 dashboard: Monitoring > Streams'
/** How Auth0 answers where the tenant's plan has no log streams. */
const OF_PLAN: ReadonlySet<number | undefined> = new Set([402, 403])

/** Whether log streams were refused because of the tenant's plan, not for want of a scope. */
export function isStreamLimit({
  kind,
  status,
  scope,
}: Failure & { readonly scope: string }): boolean {
  return kind === 'failed' && OF_PLAN.has(status) && scope.endsWith(':log_streams')
}

/**
 * How severe a fault of the log stream is: an error where ChatGPT connects only through it, a warning
 * where clients register that are admitted through it, and nothing elsewhere.
 */
export function severityOfStream({ desired, snapshot }: Inside): Finding['severity'] | undefined {
  if (!needsLogStream(desired)) return undefined
  if (dependsOnLogStream(desired, snapshot)) return 'error'
  const { settings } = snapshot
  const isClosed =
    'value' in settings && settings.value.flags?.enable_dynamic_client_registration !== true
  return isClosed ? undefined : 'warning'
}

/** The tenant's plan has no log streams. */
export function streamLimit(seen: Inside, message: string): Finding[] {
  const severity = severityOfStream(seen)
  if (severity === undefined) return []
  const finding = {
    id: 'log_streams_not_in_plan',
    seen: `${message}. This is a limit of the Auth0 plan or its number of log streams, not a missing scope`,
    why: 'Without a log stream log-webhook receives no registration, so clients that register are not admitted',
    fix: `${WAYS_WITHOUT_STREAM}; or choose a plan with log streams, then npm run provision -- --apply`,
    where: STREAMS,
  }
  return [severity === 'error' ? fault(finding) : warning(finding)]
}

/** No log stream delivers to the deployment. */
export function missingStream(seen: Inside, endpoint: string): Finding[] {
  const severity = severityOfStream(seen)
  if (severity === undefined) return []
  const { logStreams } = seen.snapshot
  const others = 'value' in logStreams ? logStreams.value.map(({ sink }) => sink?.httpEndpoint) : []
  const elsewhere = others.filter((url) => url?.includes('log-webhook'))
  const finding = {
    id: elsewhere.length > 0 ? 'log_stream_wrong_url' : 'log_stream_missing',
    seen:
      elsewhere.length > 0
        ? `the log stream delivers to ${elsewhere.join(', ')}, not to ${endpoint}`
        : `no log stream delivers to ${endpoint}`,
    why: 'log-webhook receives no registration, so clients that register are not admitted: their sign-in ends on an error page of Auth0',
    fix: `npm run provision -- --apply. ${WAYS_WITHOUT_STREAM}`,
    where: STREAMS,
  }
  return [severity === 'error' ? fault(finding) : warning(finding)]
}
