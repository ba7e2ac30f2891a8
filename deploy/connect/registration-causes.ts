import { type Causes, DOCTOR, LET_LOOPBACK_IN, PROVISION } from './cause.ts'

/** Why a client is not registered, or may not start a sign-in. */
export const REGISTRATION_CAUSES = {
  registration_closed: {
    cause: 'Dynamic client registration is off.',
    fix: `${PROVISION}, or Auth0 dashboard > Settings > Advanced > Dynamic Client Registration.`,
  },
  redirect_uri_refused: {
    cause: 'The redirect URI was refused.',
    fix: `Of a new client: ${LET_LOOPBACK_IN}. Of a client that exists: add it to its allowed callback URLs, with a port that stays (--callback-port).`,
  },
  rate_limited: {
    cause: 'Auth0 has had too many requests.',
    fix: 'Wait a minute and try again.',
  },
  too_many_clients: {
    cause: 'The tenant has as many applications as its plan allows.',
    fix: 'npm run clients shows those that nobody uses, and deletes them.',
  },
  registration_unavailable: {
    cause: 'The client cannot be registered now: Auth0 does not answer, or could not admit it.',
    fix: 'Try again; if it stays, the log of the registration function has the step that failed.',
  },
  registration_refused: {
    cause: 'The registration was refused.',
    fix: `See the tenant's logs (Auth0 dashboard > Monitoring > Logs). ${DOCTOR}.`,
  },
  callback_port_in_use: {
    cause: 'The port for the callback is in use on this machine.',
    fix: 'End what uses it, or give another: --callback-port.',
  },
  redirect_uri_not_covered: {
    cause:
      'log-webhook does not admit the client: CLIENT_REDIRECT_URIS does not cover where it redirects.',
    fix: `Add the pattern if it is meant to be covered: ${LET_LOOPBACK_IN}.`,
  },
  policy_observes: {
    cause: 'log-webhook admits nobody: DCR_POLICY is observe.',
    fix: 'Set DCR_POLICY to admit.',
  },
  webhook_failed: {
    cause: 'log-webhook was told of the client, and failed.',
    fix: 'The log of log-webhook has the reason; 401 = the log stream sends another secret than LOG_WEBHOOK_SECRET, conn_ and grant_ codes = npm run doctor.',
  },
  webhook_silent: {
    cause: 'log-webhook was not told of the client: the log stream delivers nothing.',
    fix: `${PROVISION} sets the log stream up; one that is paused must be started again (on this machine: POST /__tenant).`,
  },
  no_connection: {
    cause:
      'The client may sign nobody in: it has no login connection. log-webhook was not told of it, failed, or does not admit its redirect URI.',
    fix: `Of a loopback redirect URI: ${LET_LOOPBACK_IN}. Otherwise ${PROVISION} sets up log stream and connections; the log of log-webhook says what it did.`,
  },
  no_grant: {
    cause: 'The client has no client grant for the API.',
    fix: `Of a loopback redirect URI: ${LET_LOOPBACK_IN}. Otherwise ${PROVISION} sets up the log stream that brings the grant; the log of log-webhook says what it did.`,
  },
  unknown_audience: {
    cause: 'The tenant has no API with this identifier.',
    fix: `${PROVISION} creates it; its identifier must be OAUTH_AUDIENCE to the letter.`,
  },
  client_unknown: {
    cause: 'The authorization server does not know the client.',
    fix: 'It was deleted (DCR_POLICY=enforce does so), or --client-id is mistyped: register anew.',
  },
  rules_or_hooks: {
    cause: 'Active Rules or Hooks make every sign-in of a strict third-party client fail.',
    fix: 'Turn them into Actions, and switch them off (Auth0 dashboard > Auth Pipeline).',
  },
  scopes_refused: {
    cause: 'The client asks for scopes that it may not have.',
    fix: 'Set AUTH_SERVER_METADATA to curated, so that clients are told of the scopes of the tools alone.',
  },
  not_admitted: {
    cause: 'The authorization server does not let the client start a sign-in.',
    fix: `See the tenant's logs and those of log-webhook. ${DOCTOR}.`,
  },
} as const satisfies Causes
