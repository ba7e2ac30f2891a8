import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import type { Step } from './item.ts'
import { type About, aspect, blocked, changeOrKeep, keep, report, unreadable } from './steps.ts'
import { planMode } from './tenant-mode.ts'
import { needsLogStream } from './third-parties.ts'

const WHERE = 'Settings > Advanced'
const ISS = 'authorization_response_iss_parameter_supported'

/** How the tenant treats clients that name the API as their resource; each setting on its own. */
export function planSettings(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  const { settings } = snapshot
  const about: About = {
    area: 'tenant',
    subject: 'settings',
    why: 'ChatGPT names the API as its resource (RFC 8707), which Auth0 heeds in the compatibility profile only; otherwise it issues opaque or encrypted tokens',
    where: WHERE,
  }
  if ('failure' in settings) return linked([unreadable(about, settings.failure)], 'settings')
  const { resource_parameter_profile: profile } = settings.value
  const profileStep = changeOrKeep(
    about,
    [aspect('resource_parameter_profile', profile, 'compatibility')],
    (body) => ({ call: 'tenants.settings.update', body }),
  )
  return [
    ...linked([profileStep], 'settings'),
    ...linked(planMode(desired, snapshot), 'mode'),
    ...linked(planIss(desired, settings.value), 'iss'),
    ...linked(planDefaultAudience(desired, settings.value), 'default-audience'),
  ]
}

/** Whether authorization responses have `iss` once the plan has been carried out. */
export function hasIss({ iss }: Pick<DesiredState, 'iss'>, { settings }: TenantSnapshot): boolean {
  return iss || ('value' in settings && settings.value[ISS] === true)
}

function planIss(
  { iss, isCurated }: DesiredState,
  { [ISS]: isOn }: Auth0.GetTenantSettingsResponseContent,
): Step[] {
  const about: About = {
    area: 'tenant',
    subject: 'iss in authorization responses',
    why: 'With it ChatGPT uses one redirect URI for every connection (RFC 9207)',
    where: `${WHERE} > Include Issuer in Authorization Responses`,
  }
  if (isCurated && (iss || isOn === true)) return [blocked(about, CURATED_AND_ISS)]
  if (!iss) return []
  const toChange = (body: Auth0.UpdateTenantSettingsRequestContent) =>
    ({ call: 'tenants.settings.update', body }) as const
  return [changeOrKeep(about, [aspect(ISS, isOn ?? undefined, true)], toChange)]
}

/** Why curated metadata and `iss` exclude each other, and the way out. */
export const CURATED_AND_ISS =
  'AUTH_SERVER_METADATA=curated names PUBLIC_URL as the issuer, but with iss in authorization responses Auth0 sends its own, which clients must refuse (RFC 9207). Set AUTH_SERVER_METADATA=issuer and use one client for all of ChatGPT (npm run provision -- --iss --predefined), or turn off Include Issuer in Authorization Responses under Settings > Advanced'

/** A default audience counts as if every authorization request had named it, before any resource. */
function planDefaultAudience(
  { audience }: DesiredState,
  { default_audience: other }: Auth0.GetTenantSettingsResponseContent,
): Step[] {
  if (other === undefined || other === '' || other === audience) return []
  const about: About = {
    area: 'tenant',
    subject: 'default_audience',
    why: '',
    where: 'Settings > General > API Authorization Settings > Default Audience',
  }
  const why = `It is ${other}, and Auth0 prefers it to the resource that ChatGPT names, so tokens are for that API. Clear Default Audience, after making sure that no application relies on it, or set it to ${audience}`
  return [blocked(about, why)]
}

/**
 * Lets clients register. A step of its own, so that it can be the last: until then nothing that a
 * stranger registers reaches the API. `logStream` is the step for the log stream.
 */
export function planRegistration(
  desired: DesiredState,
  { settings }: TenantSnapshot,
  logStream: Step | undefined,
): Step {
  const about: About = {
    area: 'tenant',
    subject: 'dynamic client registration',
    why: 'ChatGPT registers a client of its own for every connection (RFC 7591)',
    where: `${WHERE} > Dynamic Client Registration (DCR)`,
  }
  if ('failure' in settings) return unreadable(about, settings.failure)
  const before = settings.value.flags?.enable_dynamic_client_registration
  if (before === true) return keep(about)
  if (needsLogStream(desired) && logStream?.item.action === 'report') {
    const why =
      'Left off: without a log stream the clients that register are not admitted. Clients made with --predefined or --cimd connect without it'
    return report({ ...about, why })
  }
  // Only the one flag: among the others are some that Auth0 does not take back.
  const patch: Auth0.UpdateTenantSettingsRequestContent = {
    flags: { enable_dynamic_client_registration: true },
  }
  const fields = [{ field: 'flags.enable_dynamic_client_registration', before, after: true }]
  const step = changeOrKeep(about, [{ fields, patch }], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
  const protection = needsLogStream(desired) ? ['log-stream'] : []
  return { ...step, after: ['api', 'default-grant', 'iss', ...protection] }
}
