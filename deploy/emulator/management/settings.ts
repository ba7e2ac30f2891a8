import type { Management } from 'auth0'
import { z } from 'zod'
import { given } from '../control/faults.ts'
import { TenantError } from '../http.ts'
import type { SecurityMode, TenantSettings, TenantState } from '../state.ts'
import { FIELDS, pick } from './list.ts'
import { type ApiCall, parseBody, type Route, type Schemas } from './route.ts'

const flag = z.boolean().optional()

const flags = {
  allow_changing_enable_sso: flag,
  allow_legacy_delegation_grant_types: flag,
  allow_legacy_ro_grant_types: flag,
  allow_legacy_tokeninfo_endpoint: flag,
  change_pwd_flow_v1: flag,
  custom_domains_provisioning: flag,
  dashboard_insights_view: flag,
  dashboard_log_streams_next: flag,
  disable_clickjack_protection_headers: flag,
  disable_fields_map_fix: flag,
  disable_impersonation: flag,
  disable_management_api_sms_obfuscation: flag,
  enable_adfs_waad_email_verification: flag,
  enable_apis_section: flag,
  enable_client_connections: flag,
  enable_dynamic_client_registration: flag,
  enable_idtoken_api2: flag,
  enable_legacy_profile: flag,
  enable_pipeline2: flag,
  enable_public_signup_user_exists_error: flag,
  enable_sso: flag,
  enforce_client_authentication_on_passwordless_start: flag,
  genai_trial: flag,
  improved_signup_bot_detection_in_classic: flag,
  local_resource_discovery: flag,
  mfa_show_factor_list_on_enrollment: flag,
  no_disclose_enterprise_connections: flag,
  remove_alg_from_jwks: flag,
  revoke_refresh_token_grant: flag,
  trust_azure_adfs_email_verified_connection_property: flag,
  // Auth0 documents this flag, but it is missing in the package's types.
  use_scope_descriptions_for_consent: flag,
} satisfies { [Name in keyof Required<TenantSettings['flags']>]: z.ZodType }

const hours = z.number().min(1)
const setting = {
  acr_values_supported: z.array(z.string()).nullable(),
  allow_organization_name_in_authentication_api: z.boolean(),
  allowed_logout_urls: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean().nullable(),
  client_id_metadata_document_supported: z.boolean(),
  default_audience: z.string(),
  default_directory: z.string(),
  default_redirection_uri: z.string(),
  dynamic_client_registration_security_mode: z.enum(['strict', 'permissive']),
  enable_ai_guide: z.boolean(),
  flags: z.strictObject(flags),
  friendly_name: z.string(),
  idle_session_lifetime: hours,
  picture_url: z.string(),
  pushed_authorization_requests_supported: z.boolean(),
  resource_parameter_profile: z.enum(['audience', 'compatibility']),
  sandbox_version: z.string(),
  session_lifetime: hours,
  skip_non_verifiable_callback_uri_confirmation_prompt: z.boolean().nullable(),
  support_email: z.string(),
  support_url: z.string(),
} satisfies Schemas<Management.UpdateTenantSettingsRequestContent>

const update = z.strictObject(setting).partial()

/** The endpoints at `/tenants/settings`. */
export function settingsRoutes(state: TenantState): readonly Route[] {
  const get = ({ query }: ApiCall): Management.GetTenantSettingsResponseContent =>
    pick(shown(state), query)

  const patch = ({ body }: ApiCall): Management.UpdateTenantSettingsResponseContent => {
    const wanted = given(parseBody(update, body))
    const { dynamic_client_registration_security_mode: mode, ...changes } = wanted
    if (mode !== undefined) changeMode(state, mode)
    const merged = { ...state.settings.flags, ...changes.flags }
    state.settings = { ...state.settings, ...changes, flags: merged }
    return shown(state)
  }

  const path = '/tenants/settings'
  return [
    { method: 'GET', path, scopes: ['read:tenant_settings'], query: FIELDS, answer: get },
    {
      method: 'PATCH',
      path,
      scopes: ['update:tenant_settings'],
      answer: patch,
      description: 'Update tenant settings',
    },
  ]
}

function shown({ settings, traits, mode }: TenantState): TenantSettings {
  if (traits.securityModeSetting !== 'settable') return settings
  return { ...settings, dynamic_client_registration_security_mode: mode }
}

/**
 * Changes the mode.
 *
 * @throws TenantError 403 if the tenant refuses the setting. The message is a guess.
 */
function changeMode(state: TenantState, mode: SecurityMode): void {
  const { securityModeSetting } = state.traits
  if (securityModeSetting === 'settable') state.mode = mode
  if (securityModeSetting !== 'refused') return
  const message = 'This tenant cannot configure dynamic_client_registration_security_mode.'
  throw new TenantError(403, 'insufficient_entitlement', message)
}
