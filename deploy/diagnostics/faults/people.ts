import { APIS, APPLICATIONS, APPLY, type Faults } from './fault.ts'

const NO_EXCHANGE = 'Auth0 rejects the token exchange for tools with backendAuth on_behalf_of.'
const ORGANIZATIONS = 'Auth0 dashboard: Organizations'
const TO_ORGANIZATION = ({ organization }: { readonly organization: string }) =>
  `Run npm run provision -- --organization ${organization} --apply.`
const REPLACE = `Run ${APPLY}, which creates such a client. Then set OBO_CLIENT_ID and OBO_CLIENT_SECRET to it.`

/** Faults of organizations and of token exchange for backends. */
export const PEOPLE_FAULTS = {
  organization_missing: {
    title: 'The organization does not exist',
    severity: 'error',
    why: 'The gateway accepts only tokens whose org_id is in OAUTH_ORGANIZATION, so it rejects every token.',
    fix: 'Set OAUTH_ORGANIZATION to the id of an organization, which starts with org_ (not its name), then run npm run deploy -- gateway.',
    where: ORGANIZATIONS,
  },
  organization_third_party_access: {
    title: 'The organization does not allow third-party clients',
    severity: 'error',
    why: 'Third-party clients cannot sign members of the organization in: invalid_request, parameter organization is invalid.',
    fix: TO_ORGANIZATION,
    where: `${ORGANIZATIONS} > the organization > Settings > Third-party application access`,
  },
  organization_connection_missing: {
    title: 'No login connection is enabled in the organization',
    severity: 'error',
    why: 'Members cannot sign in with a connection that is not enabled in the organization.',
    fix: TO_ORGANIZATION,
    where: `${ORGANIZATIONS} > the organization > Connections`,
  },
  exchange_client_missing: {
    title: 'The client for token exchange does not exist',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: ({ clientId = 'the id that it prints' }: { readonly clientId?: string | undefined }) =>
      `Run ${APPLY}, then set OBO_CLIENT_ID to ${clientId} and OBO_CLIENT_SECRET to its secret.`,
    where: APPLICATIONS,
  },
  exchange_client_type: {
    title: 'The client for token exchange is not of the type resource_server',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: REPLACE,
    where: APPLICATIONS,
  },
  exchange_client_api: {
    title: 'The client for token exchange is linked to another API',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: REPLACE,
    where: APPLICATIONS,
  },
  exchange_not_allowed: {
    title: 'The client may not exchange tokens',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: `Run ${APPLY}.`,
    where: `${APPLICATIONS} > the application > Token Exchange > On-Behalf-Of Token Exchange`,
  },
  exchange_client_public: {
    title: 'The client for token exchange has no secret',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: `Run ${APPLY}.`,
    where: APPLICATIONS,
  },
  exchange_api_missing: {
    title: 'The API of a backend does not exist',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: 'Create the API of the backend, with its permissions and RBAC, or correct audience in backendAuth.',
    where: APIS,
  },
  exchange_api_user_access: {
    title: 'The API of a backend does not allow access on behalf of users',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: 'Allow user-delegated access per application.',
    where: `${APIS} > the API > Settings > Application Access Policy`,
  },
  exchange_api_scope_missing: {
    title: 'The API of a backend lacks a permission',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: 'Add the permission, or correct scopes in backendAuth.',
    where: `${APIS} > the API > Permissions`,
  },
  exchange_grant_missing: {
    title: 'The client for token exchange has no grant for the API of a backend',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: `Run ${APPLY}.`,
    where: `${APIS} > the API > Application Access`,
  },
  exchange_grant_scope: {
    title: 'The grant for token exchange lacks scopes',
    severity: 'error',
    why: NO_EXCHANGE,
    fix: `Run ${APPLY}.`,
    where: `${APIS} > the API > Application Access`,
  },
} as const satisfies Faults
