import { isStrict } from '../../../shared/auth0/registered-client.ts'
import { catalogueScopes } from '../../../shared/tools.ts'
import { securityModeOf } from '../../auth0/plan/tenant-mode.ts'
import { needsLogStream } from '../../auth0/plan/third-parties.ts'
import type { Check, CheckOutcome } from '../check.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import type { TenantObservation, TenantReading } from '../observe/tenant.ts'
import { stringsIn } from '../probe-result.ts'
import { isPlanLimit } from './log-stream.ts'

/** The Management scopes of log-webhook, with the code that it logs when Auth0 answers 403. */
const CODE_OF_SCOPE: Readonly<Record<string, string>> = {
  'read:clients': 'client_read_http_403',
  'update:clients': 'client_promote_http_403',
  'read:connections': 'conn_lookup_http_403',
  'update:connections': 'conn_enable_http_403',
  'read:client_grants': 'grant_lookup_http_403',
  'create:client_grants': 'grant_create_http_403',
}
const CODE_OF_DELETION = { 'delete:clients': 'client_delete_http_403' }

/** The tenant apart from provision's plan: Management API, settings, Rules and Hooks. */
export const TENANT_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'Management scopes',
    title: 'The Management API application has the scopes of log-webhook',
    run: checkScopes,
  },
  {
    name: 'Management API',
    title: 'Every call of the Management API succeeds',
    run: (observed) => {
      const failures = failuresIn(observed).filter(
        (failure) => failure.kind !== 'scope-missing' && !isPlanLimit(failure),
      )
      if (failures.length === 0) return []
      const lines = new Set(failures.map(({ scope, message }) => `${scope}: ${message}`))
      return [
        {
          id: 'management_api_failing',
          seen: [...lines].join('; '),
          details: { statuses: failures.map(({ status }) => status) },
        },
      ]
    },
  },
  {
    name: 'Rules',
    title: 'No Rule prevents the sign-in of strict clients',
    run: (observed) => {
      const names = activeNames(observed, observed.rules)
      if ('skipped' in names) return names
      if (names.active.length === 0) return []
      return [{ id: 'rules_active', seen: `enabled Rules: ${names.active.join(', ')}` }]
    },
  },
  {
    name: 'Hooks',
    title: 'No Hook prevents the sign-in of strict clients',
    run: (observed) => {
      const names = activeNames(observed, observed.hooks)
      if ('skipped' in names) return names
      if (names.active.length === 0) return []
      const seen = `enabled credentials-exchange Hooks: ${names.active.join(', ')}`
      return [{ id: 'hooks_active', seen }]
    },
  },
]

/** Settings of the tenant that apply to every sign-in. */
export const LOGIN_CHECKS: readonly Check<TenantObservation>[] = [
  {
    name: 'default audience',
    title: 'No other default audience replaces the API that ChatGPT names',
    run: ({ snapshot: { settings }, desired: { audience } }) => {
      if ('failure' in settings) return { skipped: settings.failure.message }
      const { default_audience: other } = settings.value
      if (typeof other !== 'string' || other === '' || other === audience) return []
      const seen = `the default audience of the tenant is ${other}, not ${audience}`
      return [{ id: 'default_audience_other', seen, details: { audience } }]
    },
  },
  {
    name: 'login pages',
    title: 'Strict clients get Universal Login',
    run: ({ access: { loginExperience }, clients }) => {
      if ('skipped' in loginExperience) return loginExperience
      const hasStrict = 'value' in clients && clients.value.some(isStrict)
      if (loginExperience.value !== 'classic' || !hasStrict) return []
      return [
        {
          id: 'classic_login',
          seen: 'universal_login_experience is classic, and the tenant has strict third-party clients',
        },
      ]
    },
  },
]

/** Whether the variables of this command are those of the deployment. */
export function compareVariables(
  { config }: TenantObservation,
  { origin, metadata, tools }: DeploymentObservation,
): CheckOutcome {
  const { given, provision } = config
  const { resource, scopes_supported } = metadata ?? {}
  const needed = catalogueScopes(provision.catalogue)
  const published = stringsIn(scopes_supported) ?? []
  const isOtherAudience =
    given.has('OAUTH_AUDIENCE') && typeof resource === 'string' && provision.audience !== resource
  const differences = [
    ...(given.has('PUBLIC_URL') && provision.PUBLIC_URL !== origin
      ? [`PUBLIC_URL is ${provision.PUBLIC_URL}, not ${origin}`]
      : []),
    ...(isOtherAudience
      ? [`OAUTH_AUDIENCE is ${provision.audience}, the deployment's resource is ${resource}`]
      : []),
    ...(tools === undefined ? [] : needed)
      .filter((scope) => !published.includes(scope))
      .map((scope) => `the catalogue needs ${scope}, which the deployment does not advertise`),
    ...[...provision.catalogue.keys()]
      .filter((name) => tools?.has(name) === false)
      .map((name) => `the catalogue has ${name}, the deployment does not`),
  ]
  if (differences.length === 0) return []
  return [{ id: 'variables_differ', seen: differences.join('; ') }]
}

function checkScopes(observed: TenantObservation): CheckOutcome {
  const needed: Readonly<Record<string, string>> = {
    ...CODE_OF_SCOPE,
    ...(observed.config.provision.DCR_POLICY === 'enforce' && CODE_OF_DELETION),
  }
  const { grantedScopes: granted } = observed.snapshot
  // A token response may omit its scopes.
  const isListed = granted?.some((scope) => scope in CODE_OF_SCOPE) === true
  const refused = failuresIn(observed).flatMap(({ kind, scope }) =>
    kind === 'scope-missing' ? [scope] : [],
  )
  const notListed = isListed ? Object.keys(needed).filter((scope) => !granted.includes(scope)) : []
  const missing = [...new Set<string>([...refused, ...notListed])].sort()
  if (missing.length === 0) return []
  const scopes = missing.join(' ')
  const codes = missing.flatMap((scope) => needed[scope] ?? []).join(', ')
  return [
    {
      id: 'management_scope_missing',
      severity: codes === '' ? 'warning' : 'error',
      seen: `the application MGMT_CLIENT_ID lacks ${scopes}`,
      details: { scopes, codes },
    },
  ]
}

/** All failed readings, except those of optional parts. */
function failuresIn({ snapshot, enabledClients, desired }: TenantObservation) {
  const { api, settings, logStreams, clients, grants, connections } = snapshot
  const readings: readonly TenantReading<unknown>[] = [
    ...[api, settings, ...(needsLogStream(desired) ? [logStreams] : []), clients, grants],
    ...[...connections.map(({ state }) => state), enabledClients],
  ]
  return readings.flatMap((reading) => ('failure' in reading ? [reading.failure] : []))
}

/** The relevant Rules or Hooks: none in a permissive tenant without strict clients. */
function activeNames(
  { snapshot, clients }: TenantObservation,
  reading: TenantReading<readonly string[]>,
): { readonly active: readonly string[] } | { readonly skipped: string } {
  if ('failure' in reading) {
    const { kind, scope, message } = reading.failure
    const isScope = kind === 'scope-missing'
    return { skipped: isScope ? `the Management scope ${scope} is missing` : message }
  }
  const hasStrict =
    'value' in clients && clients.value.some((one) => one.third_party_security_mode === 'strict')
  const isPermissive = securityModeOf(snapshot) === 'permissive' && !hasStrict
  return { active: isPermissive ? [] : reading.value }
}
