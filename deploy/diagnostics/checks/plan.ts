import type { FieldChange, PlanItem } from '../../auth0/plan/item.ts'
import { dependsOnLogStream } from '../../auth0/plan/third-parties.ts'
import type { Reading } from '../../auth0/reading.ts'
import { type Check, type Finding, fault, type Verdict, warning } from '../check.ts'
import { isStreamLimit, missingStream, streamLimit } from './log-stream.ts'
import type { Inside } from '../observe/tenant.ts'
import { FIELDS } from '../../auth0/doctor/inside/plan-fields.ts'
import { isNeedless, isTolerable } from '../../auth0/doctor/inside/plan-severity.ts'
import { shown } from '../exchange.ts'

const APPLY = 'npm run provision -- --apply'
const UNSHARE =
  'turn off "Promote Connection to Domain Level" in the settings of the connection, unless other applications need it'
const REGISTRATION = 'flags.enable_dynamic_client_registration'

type Area = 'api' | 'tenant' | 'log-stream' | 'client-grant' | 'connection' | 'client' | 'role'

/** Each part of the state that provision brings about. Who gets in is checked by itself. */
export const PLAN_CHECKS: readonly Check<Inside>[] = [
  planCheck('api', 'the API issues the tokens that the gateway accepts'),
  planCheck('tenant', 'ChatGPT can register and name the API'),
  planCheck('log-stream', 'the log stream delivers registrations to log-webhook'),
  planCheck('client-grant', 'the default grant for third-party clients fits THIRD_PARTY_ACCESS'),
  planCheck('connection', 'people can sign in through the login connections'),
  planCheck('client', 'the predefined client has its settings'),
  planCheck('role', 'the role has the permissions of the tools'),
]

function planCheck(area: Area, title: string): Check<Inside> {
  return {
    name: area,
    title,
    run: (seen) => {
      const { logStreams } = seen.snapshot
      if (area === 'log-stream' && 'failure' in logStreams && isStreamLimit(logStreams.failure)) {
        return streamLimit(seen, logStreams.failure.message)
      }
      const failure = failureOf(area, seen)
      if (failure !== undefined) return { skipped: failure }
      const items = seen.items.filter((item) => item.area === area)
      if (area === 'connection' && seen.desired.connections.length === 0) {
        return { skipped: 'GOOGLE_CONNECTION_NAME is not set' }
      }
      return items.flatMap((item) => findingsOf(item, seen)) satisfies Verdict
    },
  }
}

/** Why this part of the tenant could not be read. */
function failureOf(area: Area, { snapshot }: Inside): string | undefined {
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

function findingsOf(item: PlanItem, seen: Inside): Finding[] {
  const { area, action } = item
  if (action === 'keep' || isNeedless(item, seen) || isCheckedElsewhere(item, seen)) return []
  if (action === 'change') {
    return item.changes.flatMap((change) => changeFinding(item, change, seen))
  }
  if (action === 'create') return missing(item, seen)
  const about = { where: `Auth0 dashboard: ${item.where}`, why: item.why }
  const id = `${idOf(area)}_${action === 'blocked' ? 'missing' : 'unneeded'}`
  if (action === 'blocked') {
    return [fault({ id, seen: `${item.subject} is not there`, fix: item.why, ...about })]
  }
  const fix = area === 'connection' ? UNSHARE : `${APPLY} --prune`
  return [warning({ id, seen: `${item.subject}: ${item.why}`, fix, ...about })]
}

/** Who gets in, and what people are allowed, are checks of their own (access/). */
function isCheckedElsewhere({ area, action, subject, changes }: PlanItem, seen: Inside): boolean {
  const { desired, snapshot } = seen
  const has = (field: string) => changes.some((change) => change.field.startsWith(field))
  switch (area) {
    case 'api':
      return action === 'report' && subject.endsWith('user access policy')
    case 'tenant':
      if (has(REGISTRATION)) return isLeftClosed(seen)
      return action !== 'change'
    case 'client-grant':
      return desired.thirdPartyAccess === 'admitted' || !subject.startsWith('default')
    case 'client':
      return has('refresh_token') && changes.length === 1
    case 'role':
      return action !== 'change' || valueIn(snapshot.role) === undefined || isApiMissing(seen)
    default:
      return false
  }
}

function isApiMissing({ snapshot }: Inside): boolean {
  return valueIn(snapshot.api) === undefined
}

function valueIn<Value>(reading: Reading<Value>): Value | undefined {
  return 'value' in reading ? reading.value : undefined
}

/** Registration stays closed where ChatGPT needs none, or where log streams are not to be had. */
function isLeftClosed(seen: Inside): boolean {
  const { desired, snapshot } = seen
  if (desired.isCurated || desired.thirdPartyAccess === 'open') return false
  const { logStreams } = snapshot
  const isLimited = 'failure' in logStreams && isStreamLimit(logStreams.failure)
  return isLimited || !connectsByRegistration(seen)
}

/** Whether ChatGPT registers: there is no client that an operator made or imported for it. */
function connectsByRegistration({ desired, snapshot }: Inside): boolean {
  return dependsOnLogStream({ ...desired, deletesForeignClients: true }, snapshot)
}

function changeFinding(item: PlanItem, change: FieldChange, seen: Inside): Finding[] {
  const { field, before, after } = change
  const isScope = field.startsWith('scopes.')
  // The description of a permission changes nothing for clients; refresh tokens have their own check.
  if ((isScope && before !== undefined) || field.startsWith('refresh_token')) return []
  const known = FIELDS[isScope ? 'scopes' : field]
  const finding = {
    id: known?.id ?? `${idOf(item.area)}_${field.replaceAll(/\W+/g, '_')}`,
    seen: isScope
      ? `${item.subject} has no permission ${field.slice('scopes.'.length)}`
      : `${item.subject}: ${field} is ${before === undefined ? 'not set' : shown(before)}${after === undefined ? '' : `, should be ${shown(after)}`}`,
    why: known?.why ?? item.why,
    fix: APPLY,
    where: `Auth0 dashboard: ${item.where}${known?.where === undefined ? '' : ` > ${known.where}`}`,
  }
  const isExtra = field === 'enabled' && before === true
  const isWarning = isExtra || item.area === 'role' || isTolerable(item, change, seen)
  return [isWarning ? warning(finding) : fault(finding)]
}

function missing({ area, subject, where, why }: PlanItem, seen: Inside): Finding[] {
  const about = { fix: APPLY, where: `Auth0 dashboard: ${where}` }
  if (area === 'log-stream') return missingStream(seen, subject)
  if (area === 'api') {
    return [
      fault({
        id: 'api_missing',
        seen: `there is no API with the identifier ${subject}`,
        why: 'Auth0 issues an opaque or encrypted token for an API that it does not know (ACCESS_TOKEN_IS_OPAQUE, ACCESS_TOKEN_IS_ENCRYPTED_JWE). The identifier must match exactly and cannot be changed',
        ...about,
      }),
    ]
  }
  if (area === 'client-grant') {
    return [
      fault({
        id: 'default_grant_missing',
        seen: 'THIRD_PARTY_ACCESS is open, and third-party clients have no default grant for the API',
        why: 'Strict third-party clients get no token for the API: unauthorized_client',
        ...about,
      }),
    ]
  }
  return [fault({ id: `${idOf(area)}_missing`, seen: `${subject} is not there`, why, ...about })]
}

function idOf(area: PlanItem['area']): string {
  return area.replaceAll('-', '_')
}
