import { asDynamicClient } from '../clients/dynamic-client.ts'
import { LOG_STREAM_FILTER } from '../desired-state.ts'
import type { FieldChange, PlanItem } from '../plan/item.ts'
import { securityModeOf } from '../plan/tenant-mode.ts'
import type { Inside } from './observe-inside.ts'

/**
 * Whether all clients get in without it: a permissive one is promoted, and with curated metadata
 * each has what it needs before it is told of its registration.
 */
export function isNeedless({ area, action }: PlanItem, seen: Inside): boolean {
  if (action !== 'create' && action !== 'change') return false
  if (area === 'connection') return seen.isCurated && !hasStrictClients(seen)
  if (area !== 'client-grant') return false
  return (
    seen.isCurated || (securityModeOf(seen.snapshot) === 'permissive' && !hasStrictClients(seen))
  )
}

/** What works as it is, and could be better. */
export function isTolerable({ field, before }: FieldChange, seen: Inside): boolean {
  // log-webhook understands every format, and every record that it does not need.
  if (field.startsWith('sink.httpContent')) return true
  if (field === 'filters') {
    return Array.isArray(before) && (before.length === 0 || before.includes(LOG_STREAM_FILTER.name))
  }
  if (field === 'dynamic_client_registration_security_mode') return true
  // log-webhook gives each client that it admits its own grant.
  if (field === 'scope') return true
  // log-webhook does this with the first strict client; those that are there already are stuck.
  return field === 'is_domain_connection' && !hasStrictClients(seen)
}

function hasStrictClients({ clients, config }: Inside): boolean {
  const { mayRedirectTo } = config.provision
  if ('failure' in clients) return true
  return clients.value.some((client) => {
    const dynamic = asDynamicClient(client, mayRedirectTo)
    return dynamic?.mode === 'strict' && dynamic.isCovered
  })
}
