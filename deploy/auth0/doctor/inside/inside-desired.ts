import { type DesiredState, desiredState } from '../../desired-state.ts'
import { streamTo } from '../../plan/log-stream.ts'
import type { TenantSnapshot } from '../../read-tenant.ts'
import {
  type InsideConfig,
  UNKNOWN_CONNECTION,
} from '../../../diagnostics/observe/tenant-config.ts'

/**
 * The state to compare with. Without GOOGLE_CONNECTION_NAME it has no connections, and the deployment
 * itself shows whether its metadata is curated.
 */
export function desiredOf({ provision }: InsideConfig, isCurated: boolean): DesiredState {
  const desired = desiredState(provision)
  const connections = desired.connections.filter((name) => name !== UNKNOWN_CONNECTION)
  return { ...desired, connections, isCurated }
}

/** The desired state without what is no fault: a secret that was not given cannot differ. */
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
    logStream: isToBeCompared ? logStream : { ...logStream, equivalents: [secret] },
  }
}
