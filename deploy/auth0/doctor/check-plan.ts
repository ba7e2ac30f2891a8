import type { FieldChange, PlanItem } from '../plan/item.ts'
import { shown } from './document.ts'
import { type Check, type Finding, fault, type Verdict, warning } from './finding.ts'
import type { Inside } from './observe-inside.ts'
import { FIELDS } from './plan-fields.ts'
import { isNeedless, isTolerable } from './plan-severity.ts'

const APPLY = 'npm run provision -- --apply'
const UNSHARE =
  'turn off "Promote Connection to Domain Level" in the settings of the connection, unless other applications need it'

/** Each part of the state that provision brings about. */
export const PLAN_CHECKS: readonly Check<Inside>[] = [
  planCheck('api', 'the API gives the tokens that the gateway takes'),
  planCheck('tenant', 'the tenant lets ChatGPT register and name the API'),
  planCheck('log-stream', 'the log stream tells log-webhook of registrations'),
  planCheck('client-grant', 'third-party clients may use the API'),
  planCheck('connection', 'people can sign in through the login connections'),
]

function planCheck(area: PlanItem['area'], title: string): Check<Inside> {
  return {
    name: area,
    title,
    run: (seen) => {
      const failure = failureOf(area, seen)
      if (failure !== undefined) return { skipped: failure }
      const items = seen.items.filter((item) => item.area === area)
      if (area === 'connection' && items.length === 0) {
        return { skipped: 'GOOGLE_CONNECTION_NAME is not set' }
      }
      return items.flatMap((item) => findingsOf(item, seen)) satisfies Verdict
    },
  }
}

/** Why this part of the tenant could not be read. */
function failureOf(area: PlanItem['area'], { snapshot }: Inside): string | undefined {
  const readings = {
    api: [snapshot.api],
    tenant: [snapshot.settings],
    'log-stream': [snapshot.logStreams],
    'client-grant': [snapshot.defaultGrant],
    connection: snapshot.connections.map(({ state }) => state),
    client: [],
    role: [snapshot.role],
    organization: [snapshot.organization],
  }[area]
  const [failure] = readings.flatMap((reading) => ('failure' in reading ? [reading.failure] : []))
  if (failure === undefined) return undefined
  return failure.kind === 'scope-missing'
    ? `the Management scope ${failure.scope} is missing`
    : failure.message
}

function findingsOf(item: PlanItem, seen: Inside): Finding[] {
  const about = { where: `Auth0 dashboard: ${item.where}`, why: item.why }
  if (item.action === 'keep' || isNeedless(item, seen)) return []
  if (item.action === 'change') {
    return item.changes.flatMap((change) => changeFinding(item, change, seen))
  }
  if (item.action === 'create') return [missing(item, seen)]
  const id = `${idOf(item.area)}_${item.action === 'blocked' ? 'missing' : 'unneeded'}`
  if (item.action === 'blocked') {
    return [fault({ id, seen: `${item.subject} is not there`, fix: item.why, ...about })]
  }
  const fix = item.area === 'connection' ? UNSHARE : `${APPLY} --prune`
  return [warning({ id, seen: `${item.subject}: ${item.why}`, fix, ...about })]
}

function changeFinding(item: PlanItem, change: FieldChange, seen: Inside): Finding[] {
  const { field, before, after } = change
  const isScope = field.startsWith('scopes.')
  // How a permission is described hinders nobody.
  if (isScope && before !== undefined) return []
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
  return [isTolerable(change, seen) ? warning(finding) : fault(finding)]
}

function missing(item: PlanItem, seen: Inside): Finding {
  const { area, subject } = item
  const about = { fix: APPLY, where: `Auth0 dashboard: ${item.where}` }
  if (area === 'api') {
    return fault({
      id: 'api_missing',
      seen: `there is no API with the identifier ${subject}`,
      why: 'Auth0 gives an opaque or encrypted token for an API that it does not know (ACCESS_TOKEN_IS_OPAQUE, ACCESS_TOKEN_IS_ENCRYPTED_JWE). The identifier counts to the letter and cannot be changed',
      ...about,
    })
  }
  if (area === 'client-grant') {
    return warning({
      id: 'default_grant_missing',
      seen: 'third-party clients have no default grant for the API',
      why: 'Each has to wait for log-webhook to give it its own; who signs in before is answered unauthorized_client',
      ...about,
    })
  }
  const { logStreams } = seen.snapshot
  const others = 'value' in logStreams ? logStreams.value.map(({ sink }) => sink?.httpEndpoint) : []
  const elsewhere = others.filter((url) => url?.includes('log-webhook'))
  return fault({
    id: elsewhere.length > 0 ? 'log_stream_wrong_url' : 'log_stream_missing',
    seen:
      elsewhere.length > 0
        ? `the log stream delivers to ${elsewhere.join(', ')}, not to ${subject}`
        : `no log stream delivers to ${subject}`,
    why: 'log-webhook hears of no registration, so that no client is admitted: sign-in ends on an error page of Auth0',
    ...about,
  })
}

function idOf(area: PlanItem['area']): string {
  return area.replaceAll('-', '_')
}
