import type { DesiredState } from '../../desired-state.ts'
import { isMasked, streamTo } from '../../plan/log-stream.ts'
import type { TenantSnapshot } from '../../read-tenant.ts'
import type { Skipped } from '../../../diagnostics/check.ts'
import type { Exchange, Probe } from '../../../diagnostics/probe.ts'
import type { InsideConfig } from '../../../diagnostics/observe/tenant-config.ts'

interface DeliveryOptions {
  readonly probe: Probe
  /** Of the deployment. */
  readonly origin: string
  readonly config: InsideConfig
  readonly desired: DesiredState
  readonly snapshot: TenantSnapshot
}

/**
 * Delivers no record at all to log-webhook, as the log stream would: the secret goes only where the
 * stream sends it anyway. Returns the answer, or why nothing was sent.
 */
export async function deliverNothing(options: DeliveryOptions): Promise<Exchange | Skipped> {
  const { probe, origin, config, desired, snapshot } = options
  const { endpoint, authorization, equivalents } = desired.logStream
  if ('failure' in snapshot.logStreams) return { skipped: 'the log streams could not be read' }
  const stream = streamTo(snapshot.logStreams.value, endpoint)
  if (stream === undefined || new URL(endpoint).origin !== origin) {
    return { skipped: 'no log stream delivers to this deployment' }
  }
  const isGiven = config.given.has('LOG_WEBHOOK_SECRET')
  const shown = isMasked(stream.sink) ? undefined : stream.sink?.httpAuthorization
  const sent = shown ?? (isGiven ? authorization : undefined)
  if (!sent) return { skipped: "the log stream's secret is not known" }
  if (isGiven && !equivalents.includes(sent)) return { skipped: 'its secret is another' }
  return probe({
    url: endpoint,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: sent },
    body: '[]',
  })
}
