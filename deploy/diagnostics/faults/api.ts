import { APIS, APPLICATIONS, APPLY, type Faults } from './fault.ts'

const FIX = `Run ${APPLY}.`
const API = `${APIS} > the API`

/** Faults of the API and of the client grants for it. */
export const API_FAULTS = {
  api_missing: {
    title: 'The tenant has no API with this identifier',
    severity: 'error',
    why: 'Auth0 issues an opaque or encrypted token for an unknown API (ACCESS_TOKEN_IS_OPAQUE, ACCESS_TOKEN_IS_ENCRYPTED_JWE). The identifier must equal OAUTH_AUDIENCE exactly and cannot be changed.',
    fix: `Run ${APPLY} to create it.`,
    where: APIS,
  },
  api_unneeded: {
    title: 'The API has permissions that no tool requires',
    severity: 'warning',
    why: 'Permissions that are not in the catalogue have no effect.',
    fix: `Run ${APPLY} --prune.`,
    where: `${API} > Permissions`,
  },
  api_signing_alg: {
    title: 'The API does not sign tokens with RS256',
    severity: 'error',
    why: 'The gateway accepts RS256 only and rejects every other token.',
    fix: FIX,
    where: `${API} > Settings > Signing Algorithm`,
  },
  api_rbac_off: {
    title: 'RBAC is off for the API',
    severity: 'error',
    why: 'Without RBAC every user gets every scope, regardless of the permissions of the user.',
    fix: FIX,
    where: `${API} > Settings > RBAC Settings > Enable RBAC`,
  },
  api_token_dialect: {
    title: 'Tokens of the API have no permissions',
    severity: 'error',
    why: 'The gateway cannot limit the granted scopes to the permissions of the user. Systems that require permissions reject the tokens (insufficient_scope).',
    fix: FIX,
    where: `${API} > Settings > RBAC Settings > Add Permissions in the Access Token; Access Token Profile: RFC 9068`,
  },
  api_offline_access_off: {
    title: 'The API does not allow offline access',
    severity: 'error',
    why: 'Without refresh tokens a connection ends with its first access token (after 24 hours by default).',
    fix: FIX,
    where: `${API} > Settings > Allow Offline Access`,
  },
  api_token_encryption: {
    title: 'Tokens of the API are encrypted',
    severity: 'error',
    why: 'The gateway cannot read encrypted tokens (ACCESS_TOKEN_IS_ENCRYPTED_JWE).',
    fix: FIX,
    where: `${API} > Settings > Token Encryption`,
  },
  api_proof_of_possession: {
    title: 'Tokens of the API are bound to a key',
    severity: 'error',
    why: 'A token with cnf must not be accepted as a bearer token.',
    fix: FIX,
    where: `${API} > Settings > Token Sender-Constraining`,
  },
  api_user_access: {
    title: 'The API does not allow access on behalf of users',
    severity: 'error',
    why: 'Auth0 answers unauthorized_client or access_denied.',
    fix: FIX,
    where: `${API} > Settings > Application Access Policy`,
  },
  api_scope_missing: {
    title: 'The API lacks a permission that tools require',
    severity: 'error',
    why: 'Auth0 omits unknown scopes from tokens, so calls fail with insufficient_scope.',
    fix: FIX,
    where: `${API} > Permissions`,
  },
  default_grant_missing: {
    title: 'THIRD_PARTY_ACCESS is open, and the API has no default grant for third-party clients',
    severity: 'error',
    why: 'Strict third-party clients get no token for the API: unauthorized_client.',
    fix: FIX,
    where: `${API} > Default Permissions for Third-Party Applications`,
  },
  default_grant_scope: {
    title: 'The default grant lacks scopes',
    severity: 'error',
    why: 'Third-party clients without their own grant do not get these scopes, so calls fail with insufficient_scope.',
    fix: FIX,
    where: `${API} > Default Permissions for Third-Party Applications`,
  },
  default_grant_present: {
    title:
      'THIRD_PARTY_ACCESS is admitted, and the API has a default grant for third-party clients',
    severity: 'error',
    why: 'The default grant gives every third-party client access to the API, so CLIENT_REDIRECT_URIS has no effect. A client with a foreign redirect URI gets access as well.',
    fix: `Run ${APPLY}, which gives each admitted client its own grant and then removes the default grant. Or set THIRD_PARTY_ACCESS to open if this is intended.`,
    where: `${API} > Default Permissions for Third-Party Applications`,
  },
  third_party_access_open: {
    title: 'THIRD_PARTY_ACCESS is open',
    severity: 'warning',
    why: 'Every third-party client of the tenant can access the API, including one that registers as "ChatGPT" with a foreign redirect URI. Only the consent page protects the data of the user.',
    fix: `If clients can register, set THIRD_PARTY_ACCESS to admitted, then run ${APPLY}. Leave it open if registration is closed or every third-party client is known.`,
    where: `${API} > Default Permissions for Third-Party Applications`,
  },
  client_grant_missing: {
    title: 'A client has no client grant for the API',
    severity: 'error',
    why: 'Auth0 does not issue tokens for the API to the client: unauthorized_client. Only clients that this system admits get a grant (THIRD_PARTY_ACCESS=admitted).',
    fix: `Run ${APPLY}, which creates the grants of predefined and imported clients and sets up the log stream for others. npm run connect uses a loopback redirect URI, but the default CLIENT_REDIRECT_URIS covers only ChatGPT's redirect URIs: add http://127.0.0.1:*/* while you test, or use --client-id. The log of log-webhook has the outcome for each client.`,
    where: `${APPLICATIONS} > the application > APIs`,
  },
  client_grant_scopes: {
    title: 'A client grant lacks scopes of the tools',
    severity: 'error',
    why: 'A client that was admitted before a tool was added cannot call it: insufficient_scope.',
    fix: `Run ${APPLY}, which adds the scopes to the client grants. ChatGPT then asks the user for the new scopes.`,
    where: `${APPLICATIONS} > the application > APIs`,
  },
  client_grant_unneeded: {
    title: 'A grant for the API is not needed',
    severity: 'warning',
    why: 'The grant gives access that this configuration does not need.',
    fix: `Run ${APPLY} --prune.`,
    where: `${API} > Application Access`,
  },
  client_grant_limit_reached: {
    title: "The tenant has reached its plan's limit of client grants",
    severity: 'error',
    why: 'Each admitted client has a client grant. Auth0 rejects the next grant, so new clients cannot connect.',
    fix: 'Run npm run clients -- --prune --older-than 30d --apply to delete unused clients with their grants. One predefined client needs one grant for all connections.',
    where: APPLICATIONS,
  },
  client_grant_limit_near: {
    title: "The tenant is close to its plan's limit of client grants",
    severity: 'warning',
    why: 'Each admitted client has a client grant. At the limit, Auth0 rejects the next grant, so new clients cannot connect.',
    fix: 'Run npm run clients -- --prune --older-than 30d --apply to delete unused clients with their grants. One predefined client needs one grant for all connections.',
    where: APPLICATIONS,
  },
  role_missing: {
    title: 'The tenant has no role with the permissions of the tools',
    severity: 'warning',
    why: 'With RBAC, a token has only scopes that the user has as permissions.',
    fix: FIX,
    where: 'Auth0 dashboard: User Management > Roles',
  },
  role_permissions_missing: {
    title: 'The role lacks permissions of the tools',
    severity: 'warning',
    why: 'Tokens of users with this role lack the scopes, so calls fail with insufficient_scope.',
    fix: FIX,
    where: 'Auth0 dashboard: User Management > Roles',
  },
  permissions_unassigned: {
    title: 'A user has no permissions for the API',
    severity: 'warning',
    why: 'With RBAC, Auth0 reduces the scopes of a token to the permissions of the user. Without permissions every call fails with insufficient_scope.',
    fix: ({ role }: { readonly role?: string | undefined }) =>
      role === undefined
        ? `Run ${APPLY}, which creates a role with the permissions. Assign the user a role that has them, then connect again.`
        : `Assign the role ${role} to the users of the tools, then connect again.`,
    where: 'Auth0 dashboard: User Management > Roles',
  },
} as const satisfies Faults
