import { securityModeOf } from '../../auth0/plan/tenant-mode.ts'
import { needsLogStream } from '../../auth0/plan/third-parties.ts'
import { type Check, fault, type Verdict, warning } from '../check.ts'
import { isStreamLimit } from './log-stream.ts'
import type { Inside, Part } from '../observe/tenant.ts'
import { remedyFor } from '../../auth0/doctor/remedy.ts'

/** What log-webhook calls, with the code that it logs when Auth0 answers 403. */
const CODE_OF_SCOPE: Readonly<Record<string, string>> = {
  'read:clients': 'client_read_http_403',
  'update:clients': 'client_promote_http_403',
  'read:connections': 'conn_lookup_http_403',
  'update:connections': 'conn_enable_http_403',
  'read:client_grants': 'grant_lookup_http_403',
  'create:client_grants': 'grant_create_http_403',
}
const CODE_OF_DELETION = { 'delete:clients': 'client_delete_http_403' }

/** The tenant beside provision's plan. */
export const TENANT_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'Management scopes',
    title: 'the Management API lets log-webhook do its work',
    run: checkScopes,
  },
  {
    name: 'Management API',
    title: 'the Management API answers every call',
    run: (seen) => {
      const failures = failuresIn(seen).filter(
        (failure) => failure.kind !== 'scope-missing' && !isStreamLimit(failure),
      )
      if (failures.length === 0) return []
      return [
        fault({
          id: 'management_api_failing',
          seen: [...new Set(failures.map(({ scope, message }) => `${scope}: ${message}`))].join(
            '; ',
          ),
          why: 'log-webhook gets the same errors, and does not admit clients until Auth0 delivers again',
          fix: [...new Set(failures.map(({ status }) => remedyFor(status)))].join('; '),
        }),
      ]
    },
  },
  {
    name: 'Rules',
    title: 'no Rule stops strict clients',
    run: (seen) =>
      legacyCode(seen, seen.rules, (names) => ({
        id: 'rules_active',
        seen: `enabled Rules: ${names}`,
        fix: 'turn each off and move what it does to an Action: in the dashboard, or PATCH /api/v2/rules/{id} {"enabled": false}',
        where: 'Auth0 dashboard: Auth Pipeline > Rules',
      })),
  },
  {
    name: 'Hooks',
    title: 'no Hook stops strict clients',
    run: (seen) =>
      legacyCode(seen, seen.hooks, (names) => ({
        id: 'hooks_active',
        seen: `enabled credentials-exchange Hooks: ${names}`,
        fix: 'turn each off and move what it does to an Action: in the dashboard, or PATCH /api/v2/hooks/{id} {"enabled": false}',
        where: 'Auth0 dashboard: Auth Pipeline > Hooks',
      })),
  },
]

function checkScopes(seen: Inside): Verdict {
  const needed: Readonly<Record<string, string>> = {
    ...CODE_OF_SCOPE,
    ...(seen.config.provision.DCR_POLICY === 'enforce' && CODE_OF_DELETION),
  }
  const { grantedScopes: granted } = seen.snapshot
  // A token response that names none of these says nothing about them.
  const isTold = granted?.some((scope) => scope in CODE_OF_SCOPE) === true
  const refused = failuresIn(seen).flatMap(({ kind, scope }) =>
    kind === 'scope-missing' ? [scope] : [],
  )
  const lacking = isTold ? Object.keys(needed).filter((scope) => !granted.includes(scope)) : []
  const missing = [...new Set<string>([...refused, ...lacking])].sort()
  if (missing.length === 0) return []
  const codes = missing.flatMap((scope) => needed[scope] ?? [])
  const finding = {
    id: 'management_scope_missing',
    seen: `the application MGMT_CLIENT_ID lacks ${missing.join(' ')}`,
    why:
      codes.length > 0
        ? `log-webhook cannot admit clients: it logs ${codes.join(', ')}`
        : 'doctor and provision cannot see all of the tenant; log-webhook does not need it',
    fix: `grant ${missing.join(' ')} to that application for the Auth0 Management API`,
    where: 'Auth0 dashboard: Applications > APIs > Auth0 Management API > Application Access',
  }
  return [codes.length > 0 ? fault(finding) : warning(finding)]
}

/** Everything that could not be read, but for what is optional. */
function failuresIn({ snapshot, enabledClients, desired }: Inside) {
  const { api, settings, logStreams, clients, grants, connections } = snapshot
  const parts: readonly Part<unknown>[] = [
    ...[api, settings, ...(needsLogStream(desired) ? [logStreams] : []), clients, grants],
    ...[...connections.map(({ state }) => state), enabledClients],
  ]
  return parts.flatMap((part) => ('failure' in part ? [part.failure] : []))
}

function legacyCode(
  { snapshot, clients }: Inside,
  part: Part<readonly string[]>,
  toFinding: (names: string) => Omit<Parameters<typeof fault>[0], 'why'>,
): Verdict {
  if ('failure' in part) {
    const { kind, scope, message } = part.failure
    return {
      skipped: kind === 'scope-missing' ? `the Management scope ${scope} is missing` : message,
    }
  }
  const hasStrict =
    'value' in clients && clients.value.some((one) => one.third_party_security_mode === 'strict')
  if (part.value.length === 0 || (securityModeOf(snapshot) === 'permissive' && !hasStrict))
    return []
  const why = 'With any of them on, the sign-in of strict third-party clients fails'
  return [fault({ ...toFinding(part.value.join(', ')), why })]
}
