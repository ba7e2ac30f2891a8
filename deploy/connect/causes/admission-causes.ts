import { type Causes, DOCTOR, LET_LOOPBACK_IN, PROVISION } from './cause.ts'

/** Why a client may not start a sign-in. */
export const ADMISSION_CAUSES = {
  redirect_uri_not_covered: {
    cause:
      'log-webhook refused the client: CLIENT_REDIRECT_URIS does not cover all of its redirect URIs.',
    fix: `If the client is yours, add its name (claude, codex, vscode) or a pattern: ${LET_LOOPBACK_IN}.`,
  },
  not_dynamic: {
    cause:
      'log-webhook refused the client: its marker in Auth0 says that an administrator made or imported it.',
    fix: `Nothing is wrong with CLIENT_REDIRECT_URIS. Set the client up with ${PROVISION} and --predefined or --cimd, and connect with --client-id.`,
  },
  policy_observes: {
    cause: 'log-webhook admits no clients: DCR_POLICY is observe.',
    fix: 'Set DCR_POLICY to admit.',
  },
  webhook_failed: {
    cause: 'log-webhook received the registration but could not admit the client.',
    fix: `The log of log-webhook has the reason. HTTP 401: the log stream sends another secret than LOG_WEBHOOK_SECRET. A code such as conn_lookup_http_403 or grant_create_http_403: run ${DOCTOR}.`,
  },
  webhook_silent: {
    cause: 'log-webhook received no event for the client: the log stream delivers nothing.',
    fix: `${PROVISION} sets the log stream up. Start a paused stream again (on this machine: POST /__tenant). One predefined client, AUTH_SERVER_METADATA=curated and THIRD_PARTY_ACCESS=open work without a log stream.`,
  },
  no_connection: {
    cause:
      'The client has no login connection. Either log-webhook has not processed its registration, or it does not admit the redirect URI, or the connection is not at domain level.',
    fix: `For a loopback redirect URI: ${LET_LOOPBACK_IN}. Otherwise ${PROVISION} sets up the log stream and the connections; the log of log-webhook has the outcome for this client.`,
  },
  no_grant: {
    cause:
      'The client has no client grant for the API. Only clients that this system admits get one (THIRD_PARTY_ACCESS=admitted).',
    fix: `For a loopback redirect URI: ${LET_LOOPBACK_IN}. Otherwise ${PROVISION} sets up the log stream, after which log-webhook creates the grant; its log has the outcome for this client.`,
  },
  unknown_audience: {
    cause: 'The tenant has no API with this identifier.',
    fix: `${PROVISION} creates it. Its identifier must equal OAUTH_AUDIENCE exactly.`,
  },
  client_unknown: {
    cause: 'The authorization server does not know the client.',
    fix: 'The client was deleted (DCR_POLICY=enforce deletes clients that are not covered), or --client-id is wrong. Connect again without --client-id to register a new one.',
  },
  metadata_document_unknown: {
    cause:
      'The authorization server takes client ID metadata documents, but does not know the one of this client. Clients that have a document do not register then.',
    fix: `Import the document (npm run provision -- --apply --cimd URL), or turn client_id_metadata_document_supported off in the tenant.`,
  },
  rules_or_hooks: {
    cause: 'Active Rules or Hooks make every sign-in of a strict third-party client fail.',
    fix: 'Replace them with Actions and turn them off (Auth0 dashboard > Auth Pipeline).',
  },
  scopes_refused: {
    cause: 'The client asks for scopes that it may not have.',
    fix: 'Set AUTH_SERVER_METADATA to curated, which advertises only the scopes of the tools. A tenant that sends iss cannot use it: give the client a grant with these scopes instead.',
  },
  not_admitted: {
    cause: 'The authorization server does not let the client start a sign-in.',
    fix: `See the logs of the tenant and of log-webhook, and run ${DOCTOR}.`,
  },
} as const satisfies Causes
