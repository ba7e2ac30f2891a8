import { expect } from 'vitest'
import { LOG_WEBHOOK_SECRET as SECRET } from '../http/front.ts'
import { type DoctorReport, idsOf } from './doctor.ts'
import {
  another,
  api,
  both,
  type Change,
  client,
  settings,
  type Variables,
  withoutGrants,
} from './doctor-tenant.ts'

export const OPEN = { THIRD_PARTY_ACCESS: 'open' }
/** The redirect URI of ChatGPT for every connection, and the one of one connection. */
export const STABLE = 'https://chatgpt.com/connector_platform_oauth_redirect'
export const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/abc'

/** Adds a default grant for third-party clients. */
export const defaultGrant: Change = ({ grants, apis }) => ({
  grants: [
    ...grants,
    {
      id: 'cgr_default',
      default_for: 'third_party_clients',
      audience: apis[0]?.identifier ?? '',
      scope: ['events:read', 'events:write'],
      subject_type: 'user',
    },
  ],
})
/** As `THIRD_PARTY_ACCESS=open` has it. */
export const openTenant = both(defaultGrant, withoutGrants('cgr_chatgpt'))
/** Adds a grant of the client for the API. */
export const grantFor =
  (client_id: string): Change =>
  ({ grants, apis }) => ({
    grants: [
      ...grants,
      {
        id: `cgr_${client_id}`,
        client_id,
        audience: apis[0]?.identifier ?? '',
        scope: ['events:read', 'events:write'],
        subject_type: 'user',
      },
    ],
  })
/** Beside the client of ChatGPT the one of `--predefined`. */
export const predefined =
  (changes: Readonly<Record<string, unknown>> = {}): Change =>
  (tenant) => ({
    ...grantFor('predefined')(tenant),
    clients: [
      ...tenant.clients,
      {
        client_id: 'predefined',
        name: 'ChatGPT (predefined)',
        callbacks: [PER_CONNECTION],
        is_first_party: true,
        token_endpoint_auth_method: 'none',
        oidc_conformant: true,
        grant_types: ['authorization_code', 'refresh_token'],
        jwt_configuration: { alg: 'RS256' },
        refresh_token: {
          rotation_type: 'rotating',
          expiration_type: 'expiring',
          leeway: 30,
          infinite_token_lifetime: false,
          infinite_idle_token_lifetime: false,
        },
        client_metadata: { predefined_for: tenant.apis[0]?.identifier },
        ...changes,
      },
    ],
    enabledClients: { con_1: ['predefined'] },
  })
/** No client can register. */
export const closed: Change = (tenant) => ({
  ...settings({ flags: { enable_dynamic_client_registration: false } })(tenant),
})
export const withoutClients: Change = () => ({ clients: [], grants: [] })
/** The plan has no log streams. */
export const noStreams: Change = () => ({ gone: { '/log-streams': 403 } })
/** The client of ChatGPT is a permissive one. */
export const permissiveClient = (changes: object = {}) =>
  client({
    client_id: 'app',
    third_party_security_mode: 'permissive',
    external_metadata_type: 'dcr',
    ...changes,
  })
/** What a promotion changes of it. */
export const PROMOTED = {
  is_first_party: true,
  oidc_conformant: true,
  token_endpoint_auth_method: 'none',
  jwt_configuration: { alg: 'RS256' },
} as const
/** Settings of refresh tokens. */
export const withoutLeeway = {
  rotation_type: 'rotating',
  expiration_type: 'expiring',
  leeway: 0,
} as const
export const withIss = settings({ authorization_response_iss_parameter_supported: true })
export const endless = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' } as const
/** The API needs no grant. */
export const allowAll = api({ subject_type_authorization: { user: { policy: 'allow_all' } } })
/** Adds a client that registered itself by its metadata document. */
export const selfRegistered = (changes: object = {}) =>
  another({
    external_metadata_type: 'cimd',
    external_metadata_created_by: 'client',
    external_client_id: 'https://evil.example/client.json',
    ...changes,
  })
/** Grants of other clients, up to that count in all. */
export const manyGrants =
  (count: number): Change =>
  ({ grants }) => ({
    grants: [
      ...grants,
      ...Array.from({ length: count - 1 }, (_, index) => ({
        id: `cgr_${index}`,
        client_id: `app_${index}`,
        audience: 'https://other.example',
        scope: [],
      })),
    ],
  })
/** Adds the organization of `ORGANIZATION`. */
export const organization =
  (changes: object = {}): Change =>
  () => ({
    organizations: [
      {
        id: 'org_a',
        third_party_client_access: 'allow',
        connections: ['google-oauth2'],
        ...changes,
      },
    ],
  })
export const ORGANIZATION = { OAUTH_ORGANIZATION: 'org_a' }

/** A tenant, and what doctor finds in it. */
export interface Case {
  readonly name: string
  readonly change: Change
  readonly env?: Variables
  readonly args?: readonly string[]
  readonly errors?: readonly string[]
  readonly warnings?: readonly string[]
}

/** Expects the findings of a case and no others, each of them in full, and no secret in the report. */
export function expectFindings(report: DoctorReport, { errors = [], warnings = [] }: Case): void {
  const ids = (severity: string) =>
    idsOf({ findings: report.findings.filter((finding) => finding.severity === severity) })
  expect({ errors: ids('error'), warnings: ids('warning') }).toEqual({ errors, warnings })
  for (const { fix, why, seen, where } of report.findings) {
    expect(Math.min(fix.length, why.length, seen.length)).toBeGreaterThan(10)
    expect(where).toMatch(/^Auth0 dashboard: /)
  }
  expect(JSON.stringify(report)).not.toContain(SECRET)
}
