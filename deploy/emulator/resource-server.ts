import { randomBytes } from 'node:crypto'
import type { TenantApi } from './state.ts'

const DAY_SECONDS = 86_400

/** Returns an API with Auth0's defaults for every member except the identifier. */
export function newApi(identifier: string): TenantApi {
  return {
    id: randomBytes(12).toString('hex'),
    name: identifier,
    identifier,
    is_system: false,
    scopes: [],
    signing_alg: 'RS256',
    signing_secret: randomBytes(24).toString('base64url'),
    allow_offline_access: false,
    token_lifetime: DAY_SECONDS,
    token_lifetime_for_web: 7_200,
    skip_consent_for_verifiable_first_party_clients: false,
    enforce_policies: false,
    token_dialect: 'access_token',
    subject_type_authorization: {
      user: { policy: 'allow_all' },
      client: { policy: 'require_client_grant' },
    },
  }
}
