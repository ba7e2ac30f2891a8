import type { Management as Auth0 } from 'auth0'
import { LOG_WEBHOOK_SECRET as SECRET } from '../http/front.ts'
import { PRIVATE_TOOLS } from '../http/serve.ts'
import { provisionedTenant, type ShownTenant, TENANT_HOST, tenantFetch } from './tenant-fetch.ts'

export const CHATGPT = 'https://chatgpt.com/connector/oauth/abc'
export const FOREIGN = 'https://chatgpt.com.evil.example/callback'

/** What of a provisioned tenant is other than it should be. */
export type Change = (tenant: ShownTenant) => Partial<ShownTenant>
export type Variables = Readonly<Record<string, string | undefined>>

/** Environment and `fetch` for a run against the deployment at `url` and its changed tenant. */
export function tenantOptions(url: string, change: Change = () => ({}), env: Variables = {}) {
  const tenant = provisionedTenant(url, SECRET)
  return {
    fetch: tenantFetch({ ...tenant, ...change(tenant) }),
    env: {
      PUBLIC_URL: url,
      TOOLS: JSON.stringify(PRIVATE_TOOLS),
      MGMT_DOMAIN: TENANT_HOST,
      MGMT_CLIENT_ID: 'management',
      MGMT_CLIENT_SECRET: SECRET,
      LOG_WEBHOOK_SECRET: SECRET,
      GOOGLE_CONNECTION_NAME: 'google-oauth2',
      ...env,
    },
  }
}

export const api =
  (changes: Partial<Auth0.ResourceServer>): Change =>
  ({ apis }) => ({ apis: apis.map((one) => ({ ...one, ...changes })) })
export const settings =
  (changes: Partial<Auth0.GetTenantSettingsResponseContent>): Change =>
  (tenant) => ({ settings: { ...tenant.settings, ...changes } })
export const stream =
  (changes: Partial<Auth0.LogStreamHttpResponseSchema>): Change =>
  ({ streams }) => ({ streams: streams.map((one) => ({ ...one, ...changes })) })
export const sink =
  (changes: Partial<Auth0.LogStreamHttpSink>): Change =>
  ({ streams }) => ({
    streams: streams.map((one) => ({
      ...one,
      sink: { httpEndpoint: '', ...one.sink, ...changes },
    })),
  })
export const client =
  (changes: Partial<Auth0.Client>): Change =>
  ({ clients }) => ({ clients: clients.map((one) => ({ ...one, ...changes })) })
export const grant =
  (id: string, changes: Partial<Auth0.ClientGrantResponseContent>): Change =>
  ({ grants }) => ({ grants: grants.map((one) => (one.id === id ? { ...one, ...changes } : one)) })
export const withoutGrants =
  (...ids: readonly string[]): Change =>
  ({ grants }) => ({ grants: grants.filter(({ id = '' }) => !ids.includes(id)) })
export const another =
  (changes: Partial<Auth0.Client>): Change =>
  ({ clients }) => ({
    clients: [
      ...clients,
      ...clients.map((one) => ({ ...one, client_id: 'tpc_other', ...changes })),
    ],
  })
export const enough =
  (count: number): Change =>
  ({ clients }) => ({
    clients: [
      ...clients,
      ...Array.from({ length: count - 1 }, (_, index) => ({
        client_id: `app_${index}`,
        is_first_party: true,
      })),
    ],
  })
/** One change after the other. */
export const both =
  (...changes: readonly Change[]): Change =>
  (tenant) => {
    const changed = {}
    for (const change of changes) Object.assign(changed, change({ ...tenant, ...changed }))
    return changed
  }

export const permissive = settings({ dynamic_client_registration_security_mode: 'permissive' })
export const unshared: Change = ({ connections }) => ({
  connections: connections.map((one) => ({ ...one, is_domain_connection: false })),
})
