import { type DesiredState, desiredState } from '../desired-state.ts'
import { streamTo } from '../plan/log-stream.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { type InsideConfig, UNKNOWN_CONNECTION } from './inside-config.ts'

/** The state to compare with: nobody knows which connections are meant when none was named. */
export function desiredOf({ provision }: InsideConfig): DesiredState {
  const desired = desiredState(provision)
  const connections = desired.connections.filter((name) => name !== UNKNOWN_CONNECTION)
  return { ...desired, connections }
}

/**
 * The desired state without what is not a fault: a secret that was not given cannot differ, and who
 * may register is looked at by what has registered.
 */
export function comparable(
  desired: DesiredState,
  { logStreams }: TenantSnapshot,
  { given }: InsideConfig,
): DesiredState {
  const { logStream } = desired
  const stream = 'value' in logStreams ? streamTo(logStreams.value, logStream.endpoint) : undefined
  const secret = stream?.sink?.httpAuthorization
  const isToBeCompared = given.has('LOG_WEBHOOK_SECRET') || secret === undefined
  return {
    ...desired,
    deletesForeignClients: true,
    logStream: isToBeCompared ? logStream : { ...logStream, equivalents: [secret] },
  }
}
