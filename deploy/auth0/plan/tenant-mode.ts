import type { Management as Auth0 } from 'auth0'
import { isPromoted, isStrict, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import type { Step } from './item.ts'
import { type About, aspect, changeOrKeep, keep, report, unreadable } from './steps.ts'

const FIELD = 'dynamic_client_registration_security_mode'
const REFUSED = 'Not configurable in this tenant: registrations keep the mode that Auth0 gives them'

type Mode = 'strict' | 'permissive'

/**
 * The mode of dynamic client registration: the setting where the tenant shows it, else what the
 * clients that registered are. Undefined = unknown. Auth0 shows the setting only to tenants that had
 * third-party clients before April 2026.
 */
export function securityModeOf({
  settings,
  clients,
}: Pick<TenantSnapshot, 'settings' | 'clients'>): Mode | undefined {
  const shown = 'value' in settings ? settings.value[FIELD] : undefined
  return shown ?? ('value' in clients ? modeOfClients(clients.value) : undefined)
}

/**
 * The mode that `--strict` or `--permissive` asks for; no step without them. A tenant that does not
 * show the setting, and whose clients do not tell it, is sent it by each run with the option; once
 * registration is open that is no change of the plan.
 */
export function planMode({ mode }: DesiredState, snapshot: TenantSnapshot): Step[] {
  if (mode === undefined) return []
  const about: About = {
    area: 'tenant',
    subject: FIELD,
    why: `--${mode} was given`,
    where: 'Settings > Advanced',
  }
  const { settings, clients } = snapshot
  if ('failure' in settings) return [unreadable(about, settings.failure)]
  const isShown = settings.value[FIELD] != null
  const known = securityModeOf(snapshot)
  if (!isShown && known === mode) return [keep({ ...about, why: `Clients register as ${mode}` })]
  const isOpen = settings.value.flags?.enable_dynamic_client_registration === true
  if (!isShown && known === undefined && isOpen && 'value' in clients) {
    const why = `Auth0 does not show this setting here, and no registered client tells it: each run with --${mode} --apply sends it again`
    const change = { call: 'tenants.settings.update', body: { [FIELD]: mode } } as const
    return [{ ...report({ ...about, why }), change, whenRefused: REFUSED }]
  }
  const step = changeOrKeep(about, [aspect(FIELD, known, mode)], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
  return [{ ...step, whenRefused: REFUSED }]
}

/** Strict as soon as one client is: both kinds are served where strict ones are. */
function modeOfClients(clients: readonly Auth0.Client[]): Mode | undefined {
  const registered = clients.filter(hasRegistered)
  if (registered.some(isStrict)) return 'strict'
  return registered.length > 0 ? 'permissive' : undefined
}

/** Metadata documents make strict clients in every tenant, so these say nothing of the mode. */
function hasRegistered(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  if (kind !== 'unmarked') return kind === 'dynamic'
  if (client.client_metadata?.[PREDEFINED_MARK] !== undefined) return false
  return client.is_first_party === false || isPromoted(client)
}
