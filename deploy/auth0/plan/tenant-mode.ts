import type { Management as Auth0 } from 'auth0'
import { isPromoted, isStrict, registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { PREDEFINED_MARK } from '../tenant-lookups.ts'
import type { ProvisionStep } from './item.ts'
import { changeOrKeep, type ItemInfo, keep, patchField, report, unreadable } from './steps.ts'

const FIELD = 'dynamic_client_registration_security_mode'
const REFUSED = 'Not configurable in this tenant: Auth0 chooses the mode of registered clients'

type Mode = 'strict' | 'permissive'

/**
 * Returns the mode of dynamic client registration: the tenant's setting, or the mode of its registered
 * clients. Undefined = unknown. Auth0 returns the setting only for tenants that had third-party clients
 * before April 2026.
 */
export function securityModeOf({
  settings,
  clients,
}: Pick<TenantSnapshot, 'settings' | 'clients'>): Mode | undefined {
  const shown = 'value' in settings ? settings.value[FIELD] : undefined
  return shown ?? ('value' in clients ? modeOfClients(clients.value) : undefined)
}

/**
 * Plans the mode of `--strict` or `--permissive`; no step without them. If neither the setting nor the
 * registered clients reveal the mode, each run with the option sends the setting; once registration is
 * open, the plan reports this as a note.
 */
export function planMode({ mode }: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  if (mode === undefined) return []
  const info: ItemInfo = {
    area: 'tenant',
    subject: FIELD,
    why: `--${mode} was given`,
    where: 'Settings > Advanced',
  }
  const { settings, clients } = snapshot
  if ('failure' in settings) return [unreadable(info, settings.failure)]
  const isFieldVisible = settings.value[FIELD] != null
  const existingInfo = securityModeOf(snapshot)
  if (!isFieldVisible && existingInfo === mode)
    return [keep({ ...info, why: `Clients register as ${mode}` })]
  const isOpen = settings.value.flags?.enable_dynamic_client_registration === true
  if (!isFieldVisible && existingInfo === undefined && isOpen && 'value' in clients) {
    const why = `Auth0 does not return this setting for this tenant, and there is no registered client to infer it from: each run with --${mode} --apply sends it again`
    const change = { call: 'tenants.settings.update', body: { [FIELD]: mode } } as const
    return [{ ...report({ ...info, why }), change, whenRefused: REFUSED }]
  }
  const step = changeOrKeep(info, [patchField(FIELD, existingInfo, mode)], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
  return [{ ...step, whenRefused: REFUSED }]
}

/** One strict client is enough: the strict configuration serves both kinds. */
function modeOfClients(clients: readonly Auth0.Client[]): Mode | undefined {
  const registered = clients.filter(hasRegistered)
  if (registered.some(isStrict)) return 'strict'
  return registered.length > 0 ? 'permissive' : undefined
}

/** Excludes clients with metadata documents: they are strict in every tenant. */
function hasRegistered(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  if (kind !== 'unmarked') return kind === 'dynamic'
  if (client.client_metadata?.[PREDEFINED_MARK] !== undefined) return false
  return client.is_first_party === false || isPromoted(client)
}
