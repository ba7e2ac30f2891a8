import type { LocalTenantState } from '../discovery/local-tenant.ts'
import type { ConnectFaultId } from '../failure.ts'

/** Why log-webhook has not admitted a client, according to the local tenant. */
export interface Refused {
  readonly id: ConnectFaultId
  readonly seen: string
  /** Whether later deliveries cannot change it. */
  readonly isFinal: boolean
}

const FAULT_BY_REASON: Readonly<Record<string, ConnectFaultId>> = {
  redirect_uri_not_covered: 'redirect_uri_not_covered',
  not_dynamic: 'not_dynamic',
}
const FINAL_OUTCOMES: Readonly<Record<string, ConnectFaultId>> = {
  refused: 'redirect_uri_not_covered',
  deleted: 'redirect_uri_not_covered',
  observed: 'policy_observes',
}
const ADMITTED = new Set(['admitted', 'already_admitted'])

/** Returns why log-webhook did not admit this client, from the log stream's deliveries; undefined if it did. */
export function refusalByWebhook(state: LocalTenantState, clientId: string): Refused | undefined {
  const { deliveries } = state.logStream
  const last = lastRecord(state, clientId)
  if (last !== undefined) {
    if (ADMITTED.has(last.outcome)) return undefined
    const settled = FINAL_OUTCOMES[last.outcome]
    const id = settled && (FAULT_BY_REASON[last.reason ?? ''] ?? settled)
    const seen = `log-webhook: ${[last.outcome, last.reason].filter(Boolean).join(', ')}`
    return { id: id ?? 'webhook_failed', seen, isFinal: id !== undefined }
  }
  const { status } = deliveries.at(-1) ?? { status: undefined }
  const isAccepted = status === undefined || (status !== null && status < 300)
  if (isAccepted) {
    return { id: 'webhook_silent', seen: 'no delivery names the client', isFinal: false }
  }
  const seen =
    status === null ? 'log-webhook did not respond' : `log-webhook returned HTTP ${status}`
  return { id: 'webhook_failed', seen, isFinal: false }
}

/** Describes how a client was admitted: its kind, grant and login connections. */
export function describeAdmission(state: LocalTenantState, clientId: string): string {
  const client = state.clients.find((one) => one.client_id === clientId)
  const own = state.clientGrants.find((one) => one.client_id === clientId)
  const connections = state.connections
    .filter((one) => one.is_domain_connection || one.enabled_clients.includes(clientId))
    .map(({ name }) => name)
  const isFirstParty = client?.is_first_party === true
  const byDefault = state.clientGrants.find((one) => one.default_for !== undefined)
  const grant = own ?? (isFirstParty ? undefined : byDefault)
  const isRefused = !isFirstParty && !clientId.startsWith('tpc_') && own !== undefined
  return [
    isFirstParty ? 'first-party client' : 'third-party client',
    ...(isRefused && lastRecord(state, clientId)?.way === 'granted'
      ? ['promotion refused by Auth0, served by its client grant']
      : []),
    ...(grant === undefined
      ? []
      : [`${own === undefined ? 'default grant' : 'client grant'} ${describeScopes(grant.scope)}`]),
    `connection ${connections.join(' ') || 'none'}`,
  ].join(', ')
}

function describeScopes(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'without scopes' : `for ${scopes.join(' ')}`
}

function lastRecord({ logStream: { deliveries } }: LocalTenantState, clientId: string) {
  return deliveries
    .flatMap(({ answer }) => answer.records)
    .findLast((record) => record.client_id === clientId)
}
