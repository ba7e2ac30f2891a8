import { ALTERNATIVES_TO_STREAM } from '../../auth0/plan/log-stream.ts'
import { APPLY, type Faults } from './fault.ts'

const STREAMS = 'Auth0 dashboard: Monitoring > Streams'
const MANAGEMENT_APPLICATION =
  'Auth0 dashboard: Applications > Applications > the machine-to-machine application'
const STRICT_CLIENTS_FAIL =
  'Auth0 rejects every sign-in of a strict third-party client while one is enabled.'
const LOST_RECORDS =
  'Auth0 loses the records, no client is admitted, and Auth0 finally pauses the stream.'

const PLAN_LIMITS = "See in the dashboard what the tenant's plan includes."
const WAIT = 'Wait for Auth0: https://status.auth0.com.'
/** The fix for statuses that the caller causes. */
const REMEDIES: Readonly<Record<number, string>> = {
  402: PLAN_LIMITS,
  403: PLAN_LIMITS,
  429: 'Wait a minute, run no other command, then run doctor again.',
}

/** Faults of the tenant: Management API, log stream, connections, settings. */
export const TENANT_FAULTS = {
  variables_refused: {
    title: 'A variable has an invalid value',
    severity: 'error',
    why: 'The functions do not start with invalid variables.',
    fix: 'Correct them in the environment of this command and in .env.yaml. .env.yaml.sample documents each variable.',
  },
  variables_differ: {
    title: 'The variables of this command differ from those of the deployment',
    severity: 'error',
    why: 'provision would configure the tenant for another deployment than this one.',
    fix: 'Run npm run deploy with these variables, or run doctor with the variables of the deployment.',
  },
  management_credentials_refused: {
    title: 'Auth0 rejects the Management API credentials',
    severity: 'error',
    why: 'log-webhook cannot admit clients without the Management API.',
    fix: 'Copy MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET from the settings of the machine-to-machine application, and authorize it for the Auth0 Management API.',
    where: MANAGEMENT_APPLICATION,
  },
  management_api_unavailable: {
    title: 'The Management API does not respond',
    severity: 'error',
    why: 'log-webhook cannot admit clients without the Management API.',
    fix: ({ status }: { readonly status?: number | undefined }) =>
      REMEDIES[status ?? 0] ??
      `Check MGMT_DOMAIN (TENANT.REGION.auth0.com, not a custom domain). If it is right, wait for Auth0: https://status.auth0.com.`,
    where: MANAGEMENT_APPLICATION,
  },
  management_api_failing: {
    title: 'The Management API rejects some calls',
    severity: 'error',
    why: 'log-webhook gets the same errors, and cannot admit clients until they end.',
    fix: ({ statuses }: { readonly statuses: readonly (number | undefined)[] }) =>
      [...new Set(statuses.map((status) => REMEDIES[status ?? 0] ?? WAIT))].join(' '),
  },
  management_scope_missing: {
    title: 'The Management API application lacks scopes',
    severity: 'error',
    why: ({ codes }: { readonly codes: string }) =>
      codes === ''
        ? 'doctor and provision cannot read the whole tenant. log-webhook does not need these scopes.'
        : `log-webhook cannot admit clients, and logs ${codes}.`,
    fix: ({ scopes }: { readonly scopes: string }) =>
      `Grant ${scopes} to that application for the Auth0 Management API.`,
    where: 'Auth0 dashboard: Applications > APIs > Auth0 Management API > Application Access',
  },
  rules_active: {
    title: 'Rules are enabled',
    severity: 'error',
    why: `Auth0 does not run Rules for strict third-party clients. ${STRICT_CLIENTS_FAIL}`,
    fix: 'Disable each Rule and move its code to an Action: in the dashboard, or PATCH /api/v2/rules/{id} {"enabled": false}.',
    where: 'Auth0 dashboard: Auth Pipeline > Rules',
  },
  hooks_active: {
    title: 'credentials-exchange Hooks are enabled',
    severity: 'error',
    why: `Auth0 does not run Hooks for strict third-party clients. ${STRICT_CLIENTS_FAIL}`,
    fix: 'Disable each Hook and move its code to an Action: in the dashboard, or PATCH /api/v2/hooks/{id} {"enabled": false}.',
    where: 'Auth0 dashboard: Auth Pipeline > Hooks',
  },
  resource_parameter_profile: {
    title: 'The resource parameter compatibility profile is off',
    severity: 'error',
    why: 'ChatGPT sends the API as resource (RFC 8707), which Auth0 ignores if this profile is off. Auth0 then issues an opaque or encrypted token (ACCESS_TOKEN_IS_OPAQUE, ACCESS_TOKEN_IS_ENCRYPTED_JWE).',
    fix: `Run ${APPLY}.`,
    where: 'Auth0 dashboard: Settings > Advanced > Resource Parameter Compatibility Profile',
  },
  registration_closed: {
    title: 'Dynamic Client Registration is off',
    severity: 'error',
    why: 'ChatGPT cannot register a client, so a new connection fails.',
    fix: `Run ${APPLY}, or turn it on in the dashboard.`,
    where: 'Auth0 dashboard: Settings > Advanced > Dynamic Client Registration (DCR)',
  },
  default_audience_other: {
    title: 'The tenant has another default audience',
    severity: 'error',
    why: 'Auth0 applies the default audience to every request without an audience, and prefers it to the resource parameter of ChatGPT. Tokens are then for another API.',
    fix: ({ audience }: { readonly audience: string }) =>
      `Clear the default audience, or set it to ${audience}. First make the applications that depend on it send their own audience.`,
    where: 'Auth0 dashboard: Settings > General > API Authorization Settings > Default Audience',
  },
  classic_login: {
    title: 'Classic Login is on, and the tenant has strict third-party clients',
    severity: 'warning',
    why: 'Auth0 does not support Classic Login for strict third-party clients.',
    fix: 'Choose Universal Login.',
    where: 'Auth0 dashboard: Branding > Universal Login > Advanced Options',
  },
  connection_not_shared: {
    title: 'The login connection is not at domain level',
    severity: 'error',
    why: 'Strict third-party clients can use only domain-level connections. Auth0 answers "no connections enabled for the client".',
    fix: `Run ${APPLY}.`,
    where: 'Auth0 dashboard: Authentication > the connection > Promote Connection to Domain Level',
  },
  connection_missing: {
    title: 'The login connection does not exist',
    severity: 'error',
    why: 'Users cannot sign in with a connection that does not exist.',
    fix: 'Create the connection in Auth0, or set GOOGLE_CONNECTION_NAME to the name of an existing one.',
    where: 'Auth0 dashboard: Authentication',
  },
  connection_unneeded: {
    title: 'The login connection is at domain level, but no client needs it',
    severity: 'warning',
    why: 'Every third-party client of the tenant can use a domain-level connection, and no client of this system needs it.',
    fix: 'Turn off "Promote Connection to Domain Level" in the settings of the connection, unless other applications need it.',
    where: 'Auth0 dashboard: Authentication > the connection > Promote Connection to Domain Level',
  },
  log_streams_not_in_plan: {
    title: "The tenant's plan does not include log streams",
    severity: 'error',
    why: 'Without a log stream, log-webhook receives no registrations and admits no clients.',
    fix: `${ALTERNATIVES_TO_STREAM}. Or choose a plan with log streams, then run ${APPLY}.`,
    where: STREAMS,
  },
  log_stream_missing: {
    title: 'The tenant has no log stream for the deployment',
    severity: 'error',
    why: 'log-webhook receives no registrations and admits no clients. Their sign-in ends on an error page of Auth0.',
    fix: `Run ${APPLY}. ${ALTERNATIVES_TO_STREAM}.`,
    where: STREAMS,
  },
  log_stream_wrong_url: {
    title: 'The log stream delivers to another URL',
    severity: 'error',
    why: 'log-webhook receives no registrations and admits no clients. Their sign-in ends on an error page of Auth0.',
    fix: `Run ${APPLY}. ${ALTERNATIVES_TO_STREAM}.`,
    where: STREAMS,
  },
  log_stream_unneeded: {
    title: 'The log stream is not needed',
    severity: 'warning',
    why: 'Clients are admitted without a log stream in this configuration.',
    fix: `Run ${APPLY} --prune.`,
    where: STREAMS,
  },
  log_stream_not_active: {
    title: 'The log stream is paused or suspended',
    severity: 'error',
    why: 'The stream does not deliver, so clients are not admitted. Auth0 pauses a stream after 7 days of failed deliveries.',
    fix: `Run ${APPLY}, and look for the cause of failed deliveries under Health.`,
    where: `${STREAMS} > the stream > Health`,
  },
  log_stream_filters: {
    title: 'The log stream does not filter by management.success',
    severity: 'error',
    why: 'Registrations are events of the category management.success; log-webhook ignores other categories.',
    fix: `Run ${APPLY}.`,
    where: `${STREAMS} > the stream > Settings > Filter by Event Category`,
  },
  log_stream_format: {
    title: 'The log stream does not deliver JSON arrays',
    severity: 'error',
    why: 'log-webhook reads every format, but an edge may reject JSON Lines sent as application/json.',
    fix: `Run ${APPLY}.`,
    where: `${STREAMS} > the stream > Settings > Content Format: JSON Array`,
  },
  log_stream_content_type: {
    title: 'The log stream does not send application/json',
    severity: 'error',
    why: 'The body is a JSON array, and an edge may reject it under another type.',
    fix: `Run ${APPLY}.`,
    where: `${STREAMS} > the stream > Settings > Content Type`,
  },
  log_stream_secret: {
    title: 'The log stream sends another secret than LOG_WEBHOOK_SECRET',
    severity: 'error',
    why: `log-webhook answers 401. ${LOST_RECORDS}`,
    fix: `Run ${APPLY}.`,
    where: `${STREAMS} > the stream > Settings > Authorization Token`,
  },
  log_webhook_secret: {
    title: 'log-webhook rejects the secret of the log stream',
    severity: 'error',
    why: `log-webhook runs with another LOG_WEBHOOK_SECRET. ${LOST_RECORDS}`,
    fix: `Run npm run deploy -- log-webhook to give it the LOG_WEBHOOK_SECRET of .env.yaml, and ${APPLY} to give the log stream the same.`,
  },
  log_webhook_unreachable: {
    title: 'log-webhook does not respond to deliveries',
    severity: 'error',
    why: LOST_RECORDS,
    fix: 'Rewrite /auth0-log-webhook to the function log-webhook (deploy/firebase.json), then run npm run deploy. If the path is already routed to it, read its log: gcloud functions logs read log-webhook --gen2.',
  },
  setting_differs: {
    title: 'A setting of the tenant differs from the setting of provision',
    severity: 'error',
    why: ({ why }: { readonly why: string }) => `${why}.`,
    fix: `Run ${APPLY}.`,
  },
} as const satisfies Faults
