import { LOG_STREAM_FILTER } from '../../auth0/desired-state.ts'
import type { FieldChange, PlanItem } from '../../auth0/plan/item.ts'
import { dependsOnLogStream } from '../../auth0/plan/third-parties.ts'
import type { Reading } from '../../auth0/reading.ts'
import type { Check } from '../check.ts'
import type { Observed, PlainFaultId } from '../faults/faults.ts'
import type { TenantObservation } from '../observe/tenant.ts'
import { preview } from '../probe-result.ts'
import { dynamicClients, userPolicy } from './client-access.ts'
import { isPlanLimit, missingStream, severityOfStream, streamLimit } from './log-stream.ts'

const REGISTRATION = 'flags.enable_dynamic_client_registration'

type Area = 'api' | 'tenant' | 'log-stream' | 'client-grant' | 'connection' | 'client' | 'role'

/** The fault for each field of provision's plan. */
const FAULT_OF_FIELD: Readonly<Record<string, PlainFaultId>> = {
  signing_alg: 'api_signing_alg',
  enforce_policies: 'api_rbac_off',
  token_dialect: 'api_token_dialect',
  allow_offline_access: 'api_offline_access_off',
  token_encryption: 'api_token_encryption',
  proof_of_possession: 'api_proof_of_possession',
  'subject_type_authorization.user.policy': 'api_user_access',
  scopes: 'api_scope_missing',
  resource_parameter_profile: 'resource_parameter_profile',
  [REGISTRATION]: 'registration_closed',
  is_domain_connection: 'connection_not_shared',
  permissions: 'role_permissions_missing',
  enabled: 'predefined_client_connection',
  scope: 'default_grant_scope',
  status: 'log_stream_not_active',
  filters: 'log_stream_filters',
  'sink.httpContentFormat': 'log_stream_format',
  'sink.httpContentType': 'log_stream_content_type',
  'sink.httpAuthorization': 'log_stream_secret',
  is_first_party: 'client_is_first_party',
  token_endpoint_auth_method: 'client_token_endpoint_auth_method',
  oidc_conformant: 'client_oidc_conformant',
  callbacks: 'client_callbacks',
  grant_types: 'client_grant_types',
  'jwt_configuration.alg': 'client_jwt_configuration_alg',
}
const MISSING_FAULTS: Readonly<Partial<Record<PlanItem['area'], PlainFaultId>>> = {
  api: 'api_missing',
  connection: 'connection_missing',
  client: 'client_missing',
  role: 'role_missing',
  'client-grant': 'client_grant_missing',
  'log-stream': 'log_stream_missing',
}
const UNNEEDED_FAULTS: Readonly<Partial<Record<PlanItem['area'], PlainFaultId>>> = {
  api: 'api_unneeded',
  connection: 'connection_unneeded',
  client: 'client_unneeded',
  'client-grant': 'client_grant_unneeded',
  'log-stream': 'log_stream_unneeded',
}

/** Each part of the state that provision configures. Who has access is checked separately. */
export const PLAN_CHECKS: readonly Check<TenantObservation>[] = [
  planCheck('api', 'The API issues tokens that the gateway accepts'),
  planCheck('tenant', 'ChatGPT can register and name the API'),
  planCheck('log-stream', 'The log stream delivers registrations to log-webhook'),
  planCheck('client-grant', 'The default grant for third-party clients fits THIRD_PARTY_ACCESS'),
  planCheck('connection', 'Users can sign in through the login connections'),
  planCheck('client', 'The predefined client has its settings'),
  planCheck('role', 'The role has the permissions of the tools'),
]

function planCheck(area: Area, title: string): Check<TenantObservation> {
  return {
    name: area,
    title,
    run: (observed) => {
      const { logStreams } = observed.snapshot
      if (area === 'log-stream' && 'failure' in logStreams && isPlanLimit(logStreams.failure)) {
        return streamLimit(observed, logStreams.failure.message)
      }
      const failure = failureOf(area, observed)
      if (failure !== undefined) return { skipped: failure }
      if (area === 'connection' && observed.desired.connections.length === 0) {
        return { skipped: 'GOOGLE_CONNECTION_NAME is not set' }
      }
      const items = observed.items.filter((item) => item.area === area)
      return items.flatMap((item) => faultsOf(item, observed))
    },
  }
}

/** Why this part of the tenant could not be read. */
function failureOf(area: Area, { snapshot }: TenantObservation): string | undefined {
  const readings = {
    api: [snapshot.api],
    tenant: [snapshot.settings],
    'log-stream': [snapshot.logStreams],
    'client-grant': [snapshot.defaultGrant],
    connection: snapshot.connections.map(({ state }) => state),
    client: [snapshot.predefinedClient],
    role: [snapshot.role],
  }[area]
  const [failure] = readings.flatMap((reading) => ('failure' in reading ? [reading.failure] : []))
  if (failure === undefined) return undefined
  return failure.kind === 'scope-missing'
    ? `the Management scope ${failure.scope} is missing`
    : failure.message
}

function faultsOf(item: PlanItem, observed: TenantObservation): Observed[] {
  const { area, action, subject, why } = item
  if (action === 'keep' || isUnimportant(item, observed) || isCheckedElsewhere(item, observed)) {
    return []
  }
  if (action === 'change') {
    return item.changes.flatMap((change) => faultOfChange(item, change, observed))
  }
  const where = `Auth0 dashboard: ${item.where}`
  if (action === 'create' || action === 'blocked') {
    if (action === 'create' && area === 'log-stream') return missingStream(observed, subject)
    return [missing(item, where)]
  }
  const id = UNNEEDED_FAULTS[area]
  const seen = `${subject}: ${why}`
  if (id !== undefined) return [{ id, severity: 'warning', seen, where }]
  return [{ id: 'setting_differs', severity: 'warning', seen, where, details: { why } }]
}

function missing({ area, action, subject, why }: PlanItem, where: string): Observed {
  if (area === 'client-grant' && action === 'create') {
    const seen =
      'THIRD_PARTY_ACCESS is open, and third-party clients have no default grant for the API'
    return { id: 'default_grant_missing', seen, where }
  }
  const id = MISSING_FAULTS[area]
  if (id === undefined) {
    return { id: 'setting_differs', seen: `${subject} does not exist`, where, details: { why } }
  }
  if (area === 'api' && action === 'create') {
    return { id, severity: 'error', seen: `no API has the identifier ${subject}`, where }
  }
  const reason = action === 'blocked' ? `: ${why}` : ''
  return { id, severity: 'error', seen: `${subject} does not exist${reason}`, where }
}

function faultOfChange(
  item: PlanItem,
  change: FieldChange,
  observed: TenantObservation,
): Observed[] {
  const { area, subject, where: place, why } = item
  const { field, before, after } = change
  const isScope = field.startsWith('scopes.')
  // The description of a permission does not affect clients; refresh tokens have their own check.
  if ((isScope && before !== undefined) || field.startsWith('refresh_token')) return []
  const current = before === undefined ? 'not set' : preview(before)
  const expected = after === undefined ? '' : `, expected ${preview(after)}`
  const seen = isScope
    ? `${subject} has no permission ${field.slice('scopes.'.length)}`
    : `${subject}: ${field} is ${current}${expected}`
  const isExtra = field === 'enabled' && before === true
  const isWarning = isExtra || area === 'role' || isTolerable(item, change, observed)
  const severity = isWarning ? 'warning' : 'error'
  const id = FAULT_OF_FIELD[isScope ? 'scopes' : field]
  if (id !== undefined) return [{ id, severity, seen }]
  const where = `Auth0 dashboard: ${place}`
  return [{ id: 'setting_differs', severity, seen, where, details: { why } }]
}

/** Access and the permissions of users have separate checks. */
function isCheckedElsewhere(
  { area, action, subject, changes }: PlanItem,
  observed: TenantObservation,
): boolean {
  const { desired, snapshot } = observed
  const has = (field: string) => changes.some((change) => change.field.startsWith(field))
  switch (area) {
    case 'api':
      return action === 'report' && subject.endsWith('user access policy')
    case 'tenant':
      return has(REGISTRATION) ? isLeftClosed(observed) : action !== 'change'
    case 'client-grant':
      return desired.thirdPartyAccess === 'admitted' || !subject.startsWith('default')
    case 'client':
      return has('refresh_token') && changes.length === 1
    case 'role':
      return action !== 'change' || !exists(snapshot.role) || !exists(snapshot.api)
    default:
      return false
  }
}

function exists(reading: Reading<unknown>): boolean {
  return 'value' in reading && reading.value !== undefined
}

/** Whether registration stays closed: ChatGPT does not need it, or the subscription has no log streams. */
function isLeftClosed({ desired, snapshot }: TenantObservation): boolean {
  if (desired.isCurated || desired.thirdPartyAccess === 'open') return false
  const { logStreams } = snapshot
  const isLimited = 'failure' in logStreams && isPlanLimit(logStreams.failure)
  // ChatGPT registers if no client was created or imported for it.
  return isLimited || !dependsOnLogStream({ ...desired, deletesForeignClients: true }, snapshot)
}

/** Whether everything works without this item of the plan. */
function isUnimportant({ area, action, changes }: PlanItem, observed: TenantObservation): boolean {
  if (area === 'log-stream') return severityOfStream(observed) === undefined
  if (area === 'connection' && action === 'report') return isSharedOnPurpose(observed)
  if (area !== 'connection' || action !== 'change') return false
  // With curated metadata a client is admitted before the registration response is sent.
  const isSharing = changes.some(({ field }) => field === 'is_domain_connection')
  return isSharing && observed.isCurated && !hasStrictClients(observed)
}

/** Whether the system works with this value, although another would be better. */
function isTolerable(
  { area }: PlanItem,
  { field, before }: FieldChange,
  observed: TenantObservation,
): boolean {
  if (area === 'log-stream' && severityOfStream(observed) !== 'error') return true
  // log-webhook reads every format, and ignores records that it does not need.
  if (field.startsWith('sink.httpContent')) return true
  if (field === 'filters') {
    return Array.isArray(before) && (before.length === 0 || before.includes(LOG_STREAM_FILTER.name))
  }
  // log-webhook does this with the first strict client; without one, nothing depends on it.
  return field === 'is_domain_connection' && !hasStrictClients(observed)
}

/**
 * A domain-level connection gives no access to clients without a grant. If there are permissive clients,
 * a separate check reports which of them have access.
 */
function isSharedOnPurpose(observed: TenantObservation): boolean {
  if (userPolicy(observed) === 'require_client_grant') return true
  return dynamicClients(observed).some(({ mode }) => mode === 'permissive')
}

function hasStrictClients(observed: TenantObservation): boolean {
  if ('failure' in observed.clients) return true
  return dynamicClients(observed).some(({ mode, isCovered }) => mode === 'strict' && isCovered)
}
