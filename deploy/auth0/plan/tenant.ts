import type { Management as Auth0 } from 'auth0'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import { linked } from './dependencies.ts'
import type { ProvisionStep } from './item.ts'
import {
  blocked,
  changeOrKeep,
  type ItemInfo,
  keep,
  patchField,
  report,
  unreadable,
} from './steps.ts'
import { planMode } from './tenant-mode.ts'
import { needsLogStream } from './third-parties.ts'

const WHERE = 'Settings > Advanced'
const ISS = 'authorization_response_iss_parameter_supported'

/** Plans the tenant settings, each as a separate step. */
export function planSettings(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  const { settings } = snapshot
  const info: ItemInfo = {
    area: 'tenant',
    subject: 'settings',
    why: 'ChatGPT sends the API as the resource parameter (RFC 8707). Auth0 supports it only in the compatibility profile; otherwise it issues opaque or encrypted tokens',
    where: WHERE,
  }
  if ('failure' in settings) return linked([unreadable(info, settings.failure)], 'settings')
  const { resource_parameter_profile: profile } = settings.value
  const profileStep = changeOrKeep(
    info,
    [patchField('resource_parameter_profile', profile, 'compatibility')],
    (body) => ({ call: 'tenants.settings.update', body }),
  )
  return [
    ...linked([profileStep], 'settings'),
    ...linked(planMode(desired, snapshot), 'mode'),
    ...linked(planIss(desired, settings.value), 'iss'),
    ...linked(planDefaultAudience(desired, settings.value), 'default-audience'),
  ]
}

/** Returns whether authorization responses contain `iss` after the plan was applied. */
export function hasIss({ iss }: Pick<DesiredState, 'iss'>, { settings }: TenantSnapshot): boolean {
  return iss || ('value' in settings && settings.value[ISS] === true)
}

function planIss(
  { iss, isCurated }: DesiredState,
  { [ISS]: isOn }: Auth0.GetTenantSettingsResponseContent,
): ProvisionStep[] {
  const info: ItemInfo = {
    area: 'tenant',
    subject: 'iss in authorization responses',
    why: 'With iss ChatGPT uses one redirect URI for every connection (RFC 9207)',
    where: `${WHERE} > Include Issuer in Authorization Responses`,
  }
  if (isCurated && (iss || isOn === true)) return [blocked(info, CURATED_EXCLUDES_ISS)]
  if (!iss) return []
  const toChange = (body: Auth0.UpdateTenantSettingsRequestContent) =>
    ({ call: 'tenants.settings.update', body }) as const
  return [changeOrKeep(info, [patchField(ISS, isOn ?? undefined, true)], toChange)]
}

/** Why curated metadata and `iss` cannot be combined, and what to do. */
export const CURATED_EXCLUDES_ISS =
  'AUTH_SERVER_METADATA=curated names PUBLIC_URL as the issuer, but with iss in authorization responses Auth0 sends its own, which clients must refuse (RFC 9207). Set AUTH_SERVER_METADATA=issuer and use one client for all of ChatGPT (npm run provision -- --iss --predefined), or turn off Include Issuer in Authorization Responses under Settings > Advanced'

/** Auth0 applies a default audience to every authorization request, in preference to the resource. */
function planDefaultAudience(
  { audience }: DesiredState,
  { default_audience: other }: Auth0.GetTenantSettingsResponseContent,
): ProvisionStep[] {
  if (other === undefined || other === '' || other === audience) return []
  const info: ItemInfo = {
    area: 'tenant',
    subject: 'default_audience',
    why: '',
    where: 'Settings > General > API Authorization Settings > Default Audience',
  }
  const why = `It is ${other}, and Auth0 prefers it to the resource that ChatGPT sends, so tokens are issued for that API. Make sure that no application relies on Default Audience and clear it, or set it to ${audience}`
  return [blocked(info, why)]
}

/**
 * Plans dynamic client registration. It is a separate step so that it can be the last one: before it,
 * strangers cannot register clients. `logStream` is the step of the log stream.
 */
export function planRegistration(
  desired: DesiredState,
  { settings }: TenantSnapshot,
  logStream: ProvisionStep | undefined,
): ProvisionStep {
  const info: ItemInfo = {
    area: 'tenant',
    subject: 'dynamic client registration',
    why: 'ChatGPT registers a client of its own for every connection (RFC 7591)',
    where: `${WHERE} > Dynamic Client Registration (DCR)`,
  }
  if ('failure' in settings) return unreadable(info, settings.failure)
  const before = settings.value.flags?.enable_dynamic_client_registration
  if (before === true) return keep(info)
  if (needsLogStream(desired) && logStream?.item.action === 'report') {
    const why =
      'Not turned on: without a log stream, registered clients are not admitted. Clients of --predefined or --cimd connect without registration'
    return report({ ...info, why })
  }
  // Sends only this flag: Auth0 rejects some of the flags that it returns.
  const patch: Auth0.UpdateTenantSettingsRequestContent = {
    flags: { enable_dynamic_client_registration: true },
  }
  const fields = [{ field: 'flags.enable_dynamic_client_registration', before, after: true }]
  const step = changeOrKeep(info, [{ fields, patch }], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
  const protection = needsLogStream(desired) ? ['log-stream'] : []
  return { ...step, after: ['api', 'default-grant', 'iss', ...protection] }
}
