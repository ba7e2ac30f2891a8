import { dependsOnLogStream, needsLogStream } from '../../auth0/plan/third-parties.ts'
import type { Failure } from '../../auth0/reading.ts'
import type { Check } from '../check.ts'
import type { Severity } from '../faults/fault.ts'
import type { Observed } from '../faults/faults.ts'
import type { TenantObservation } from '../observe/tenant.ts'
import { documentOf, isResponse, outcomeOf } from '../probe-result.ts'

/** Statuses of Auth0 if the subscription includes no log streams. */
const OUTSIDE_PLAN: ReadonlySet<number | undefined> = new Set([402, 403])

/** Whether deliveries of the log stream arrive. */
export const DELIVERY_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'deliveries',
    title: 'log-webhook accepts deliveries of the log stream',
    run: ({ delivery }) => {
      if ('skipped' in delivery) return delivery
      if ('value' in documentOf(delivery)) return []
      const { url: where } = delivery
      const seen = `POST ${where}: ${outcomeOf(delivery)}`
      if (isResponse(delivery) && delivery.status === 401) {
        const withSecret = `${seen}, with the secret of the log stream`
        return [{ id: 'log_webhook_secret', seen: withSecret, where }]
      }
      return [{ id: 'log_webhook_unreachable', seen, where }]
    },
  },
]

/** Whether log streams were refused because of the tenant's plan, not because of a missing scope. */
export function isPlanLimit({
  kind,
  status,
  scope,
}: Failure & { readonly scope: string }): boolean {
  return kind === 'failed' && OUTSIDE_PLAN.has(status) && scope.endsWith(':log_streams')
}

/**
 * Returns the severity of a fault of the log stream: an error if ChatGPT needs it to connect, a warning if
 * only other clients are admitted through it; undefined if it is not required.
 */
export function severityOfStream({ desired, snapshot }: TenantObservation): Severity | undefined {
  if (!needsLogStream(desired)) return undefined
  if (dependsOnLogStream(desired, snapshot)) return 'error'
  const { settings } = snapshot
  const isClosed =
    'value' in settings && settings.value.flags?.enable_dynamic_client_registration !== true
  return isClosed ? undefined : 'warning'
}

/** The tenant's plan has no log streams. */
export function streamLimit(observed: TenantObservation, message: string): Observed[] {
  const severity = severityOfStream(observed)
  if (severity === undefined) return []
  const seen = `${message}. This is a limit of the Auth0 plan or its number of log streams, not a missing scope`
  return [{ id: 'log_streams_not_in_plan', severity, seen }]
}

/** No log stream delivers to the deployment. */
export function missingStream(observed: TenantObservation, endpoint: string): Observed[] {
  const severity = severityOfStream(observed)
  if (severity === undefined) return []
  const { logStreams } = observed.snapshot
  const urls = 'value' in logStreams ? logStreams.value.map(({ sink }) => sink?.httpEndpoint) : []
  const others = urls.filter((url) => url?.includes('log-webhook'))
  if (others.length === 0) {
    const seen = `no log stream delivers to ${endpoint}`
    return [{ id: 'log_stream_missing', severity, seen }]
  }
  const seen = `the log stream delivers to ${others.join(', ')}, not to ${endpoint}`
  return [{ id: 'log_stream_wrong_url', severity, seen }]
}
