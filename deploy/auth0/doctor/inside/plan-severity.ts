import { LOG_STREAM_FILTER } from '../../desired-state.ts'
import type { FieldChange, PlanItem } from '../../plan/item.ts'
import { dynamicClients } from '../../../diagnostics/checks/third-parties.ts'
import { userPolicy } from '../../../diagnostics/checks/client-access.ts'
import { severityOfStream } from '../../../diagnostics/checks/log-stream.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'

/** Whether everything works without this item of the plan. */
export function isNeedless({ area, action, changes }: PlanItem, seen: Inside): boolean {
  if (area === 'log-stream') return severityOfStream(seen) === undefined
  if (area === 'connection' && action === 'report') return isSharedOnPurpose(seen)
  if (area !== 'connection' || action !== 'change') return false
  // With curated metadata a client is admitted before the registration response is sent.
  const isSharing = changes.some(({ field }) => field === 'is_domain_connection')
  return isSharing && seen.isCurated && !hasStrictClients(seen)
}

/** What works as it is, and could be better. */
export function isTolerable(
  { area }: PlanItem,
  { field, before }: FieldChange,
  seen: Inside,
): boolean {
  if (area === 'log-stream' && severityOfStream(seen) !== 'error') return true
  // log-webhook reads every format, and ignores records that it does not need.
  if (field.startsWith('sink.httpContent')) return true
  if (field === 'filters') {
    return Array.isArray(before) && (before.length === 0 || before.includes(LOG_STREAM_FILTER.name))
  }
  // log-webhook does this with the first strict client; existing ones cannot sign anyone in.
  return field === 'is_domain_connection' && !hasStrictClients(seen)
}

/**
 * A connection at domain level gives nothing to clients without a grant. Where there are permissive
 * clients, a check of its own says who gets in by it.
 */
function isSharedOnPurpose(seen: Inside): boolean {
  const { clients } = seen
  if (userPolicy(seen) === 'require_client_grant') return true
  if ('failure' in clients) return false
  return dynamicClients(seen, clients.value).some(({ mode }) => mode === 'permissive')
}

function hasStrictClients(seen: Inside): boolean {
  const { clients } = seen
  if ('failure' in clients) return true
  return dynamicClients(seen, clients.value).some(
    ({ mode, isCovered }) => mode === 'strict' && isCovered,
  )
}
