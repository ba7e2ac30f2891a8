import type { CauseId } from './causes.ts'
import type { LocalTenantState } from './local-tenant.ts'

/** Why log-webhook has not admitted a client, as far as the local tenant can tell. */
export interface Refused {
  readonly id: CauseId
  readonly seen: string
  /** No later delivery will change it. */
  readonly isFinal: boolean
}

const SETTLED: Readonly<Record<string, CauseId>> = {
  refused: 'redirect_uri_not_covered',
  deleted: 'redirect_uri_not_covered',
  observed: 'policy_observes',
}
const ADMITTED = new Set(['admitted', 'already_admitted'])

/** What the deliveries of the log stream say of this client; undefined when it was admitted. */
export function refusalByWebhook(
  { logStream: { deliveries } }: LocalTenantState,
  clientId: string,
): Refused | undefined {
  const last = deliveries
    .flatMap(({ answer }) => answer.records)
    .findLast((record) => record.client_id === clientId)
  if (last !== undefined) {
    if (ADMITTED.has(last.outcome)) return undefined
    const id = SETTLED[last.outcome]
    const seen = `log-webhook: ${[last.outcome, last.reason].filter(Boolean).join(', ')}`
    return { id: id ?? 'webhook_failed', seen, isFinal: id !== undefined }
  }
  const { status } = deliveries.at(-1) ?? { status: undefined }
  const isTaken = status === undefined || (status !== null && status < 300)
  if (isTaken) {
    return { id: 'webhook_silent', seen: 'no delivery names the client', isFinal: false }
  }
  const seen = `log-webhook answered ${status === null ? 'nothing' : `HTTP ${status}`}`
  return { id: 'webhook_failed', seen, isFinal: false }
}

/** What a client has of the tenant once it is admitted. */
export function describeAdmission(state: LocalTenantState, clientId: string): string {
  const client = state.clients.find((one) => one.client_id === clientId)
  const grant = state.clientGrants.find((one) => one.client_id === clientId)
  const connections = state.connections
    .filter((one) => one.is_domain_connection || one.enabled_clients.includes(clientId))
    .map(({ name }) => name)
  return [
    client?.is_first_party === true ? 'first-party client' : 'third-party client',
    ...(grant === undefined ? [] : [`client grant for ${grant.scope.join(' ')}`]),
    `connection ${connections.join(' ') || 'none'}`,
  ].join(', ')
}
