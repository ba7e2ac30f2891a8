import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from './desired-state.ts'
import type { Step } from './plan-item.ts'
import { type About, type Aspect, aspect, changeOrKeep, unreadable } from './plan-steps.ts'
import type { TenantSnapshot } from './read-tenant.ts'

type Patch = Auth0.UpdateTenantSettingsRequestContent
type Settings = Auth0.GetTenantSettingsResponseContent

const WHERE = 'Settings > Advanced'

/** How the tenant treats clients that name the API as their resource, and those that register. */
export function planSettings(desired: DesiredState, { settings }: TenantSnapshot): Step {
  const about: About = {
    area: 'tenant',
    subject: 'settings',
    why: 'ChatGPT names the API as its resource (RFC 8707), which Auth0 heeds in the compatibility profile only; otherwise it issues opaque or encrypted tokens',
    where: WHERE,
  }
  if ('failure' in settings) return unreadable(about, settings.failure)
  const { resource_parameter_profile: profile } = settings.value
  const aspects: Aspect<Patch>[] = [
    aspect('resource_parameter_profile', profile, 'compatibility'),
    ...securityMode(settings.value),
    ...cimd(desired, settings.value),
  ]
  return changeOrKeep(about, aspects, (body) => ({ call: 'tenants.settings.update', body }))
}

/** Lets clients register. A step of its own, so that it can be the last. */
export function planRegistration({ settings }: TenantSnapshot): Step {
  const about: About = {
    area: 'tenant',
    subject: 'dynamic client registration',
    why: 'ChatGPT registers a client of its own for every connection (RFC 7591)',
    where: WHERE,
  }
  if ('failure' in settings) return unreadable(about, settings.failure)
  const fields = [
    {
      field: 'flags.enable_dynamic_client_registration',
      before: settings.value.flags?.enable_dynamic_client_registration,
      after: true,
    },
  ]
  // Only the one flag: among the others are some that Auth0 does not take back.
  const patch: Patch = { flags: { enable_dynamic_client_registration: true } }
  return changeOrKeep(about, [{ fields, patch }], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
}

/** The tenant's way with third-party clients; undefined when the settings do not tell. */
export function securityModeOf({ settings }: TenantSnapshot): 'strict' | 'permissive' | undefined {
  if ('failure' in settings) return undefined
  return settings.value.dynamic_client_registration_security_mode ?? 'strict'
}

/** Both modes are served, so a tenant that has chosen keeps its own; the strict one is the safer. */
function securityMode(settings: Settings): Aspect<Patch>[] {
  const field = 'dynamic_client_registration_security_mode'
  return settings[field] == null ? [aspect(field, undefined, 'strict')] : []
}

function cimd(desired: DesiredState, settings: Settings): Aspect<Patch>[] {
  const field = 'client_id_metadata_document_supported'
  return desired.cimd === undefined ? [] : [aspect(field, settings[field], true)]
}
