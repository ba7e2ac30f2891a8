import { ALLOW_LOOPBACK, APPLICATIONS, APPLY, type Faults, PREDEFINED } from './fault.ts'

const SETTINGS = `${APPLICATIONS} > the application > Settings`
const PRUNE = 'Run npm run clients -- --prune --older-than 30d --apply to delete unused clients'
const ONE_CLIENT = `Or use one predefined client for all connections: ${PREDEFINED}.`
const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/{id}'
const CLIENT_SETTING = {
  severity: 'error',
  why: 'ChatGPT cannot use the predefined client with this setting.',
  fix: `Run ${APPLY}.`,
  where: SETTINGS,
} as const

/** Faults of clients: registration, admission and settings. */
export const CLIENT_FAULTS = {
  client_not_admitted: {
    title: 'A client with covered redirect URIs is not admitted',
    severity: 'error',
    why: 'The client cannot sign users in and access the API, because log-webhook did not receive its registration or could not admit it.',
    fix: `Correct the other faults that doctor reports (log stream, Management scopes). Then disconnect and connect again in ChatGPT, which registers a new client. If the log of log-webhook has client_promote_http_400, create one predefined client: ${PREDEFINED}.`,
    where: APPLICATIONS,
  },
  application_limit_reached: {
    title: "The tenant has reached its plan's limit of applications",
    severity: 'error',
    why: 'Every connection registers a client, and Auth0 rejects the next one. New connections fail.',
    fix: `${PRUNE}. ${ONE_CLIENT}`,
    where: APPLICATIONS,
  },
  application_limit_near: {
    title: "The tenant is close to its plan's limit of applications",
    severity: 'warning',
    why: 'Every connection registers a client. At the limit, Auth0 rejects the next one and new connections fail.',
    fix: `${PRUNE}. ${ONE_CLIENT}`,
    where: APPLICATIONS,
  },
  foreign_client_access: {
    title: 'A client with a foreign redirect URI has access',
    severity: 'error',
    why: 'CLIENT_REDIRECT_URIS does not cover its redirect URI, but the client can sign users in and call tools on their behalf.',
    fix: `If you do not know the client, delete it (dashboard, or DELETE /api/v2/clients/{id}) and set DCR_POLICY to enforce, so that log-webhook deletes such clients. ${APPLY} removes a default grant. If you want to allow the client, add its redirect URI to CLIENT_REDIRECT_URIS.`,
    where: APPLICATIONS,
  },
  foreign_redirect_uri: {
    title: 'A client of ChatGPT also has a foreign redirect URI',
    severity: 'error',
    why: 'The owner of the foreign redirect URI receives the sign-in of users who trust ChatGPT.',
    fix: 'Remove the other callback URLs of the application, unless you added them yourself.',
    where: APPLICATIONS,
  },
  permissive_clients_unrestricted: {
    title: 'Permissive third-party clients can use the API without a grant',
    severity: 'warning',
    why: 'Such a client can sign users in and access the API without being admitted.',
    fix: 'Set the user access policy of the API to require a client grant, if all its applications have one. Or turn off "Promote Connection to Domain Level", unless strict clients need it.',
    where: 'Auth0 dashboard: Applications > APIs > the API > Settings > Application Access Policy',
  },
  promotion_refused: {
    title: 'Auth0 did not make a permissive client first-party',
    severity: 'warning',
    why: 'The client works as a third-party client instead, by its own client grant and a login connection at domain level.',
    fix: ({ canSignIn = '' }: { readonly canSignIn?: string }) =>
      canSignIn === 'yes'
        ? `Keep the login connection at domain level; users then see a consent page. To avoid both, use a first-party client: ${PREDEFINED}.`
        : `Turn on "Promote Connection to Domain Level" for the login connection, or create a first-party client: ${PREDEFINED}.`,
    where: APPLICATIONS,
  },
  cimd_client_missing: {
    title:
      "The tenant advertises metadata documents (CIMD), but the client's document is not imported",
    severity: 'error',
    why: 'A client that has a metadata document uses it instead of registering. Auth0 does not know the document, so new connections end on an error page.',
    fix: ({ document = 'URL' }: { readonly document?: string }) =>
      `Run npm run provision -- --cimd ${document} --apply to import it (a plan without private_key_jwt may reject it). Or turn client_id_metadata_document_supported off, so that the client registers.`,
    where: 'Auth0 dashboard: Settings > Advanced > Client ID Metadata Document',
  },
  predefined_without_iss: {
    title: 'The predefined client has the redirect URI for iss, but the tenant does not send iss',
    severity: 'error',
    why: `ChatGPT uses that redirect URI only if authorization responses have iss (RFC 9207); otherwise it uses ${PER_CONNECTION}, which Auth0 rejects for this client (Callback URL mismatch).`,
    fix: 'Run npm run provision -- --iss --apply. Or add the redirect URI that ChatGPT shows for the connection: npm run provision -- --predefined URI --apply.',
    where: SETTINGS,
  },
  predefined_redirect_uri: {
    title: 'The predefined client lacks the redirect URI that ChatGPT uses',
    severity: 'error',
    why: ({ used = PER_CONNECTION }: { readonly used?: string | undefined }) =>
      `ChatGPT uses ${used}, which Auth0 rejects for this client (Callback URL mismatch).`,
    fix: ({ used }: { readonly used?: string | undefined }) =>
      used === undefined
        ? `Run npm run provision -- --predefined URI --apply with the redirect URI that ChatGPT shows. Or run ${PREDEFINED}.`
        : 'Run npm run provision -- --predefined --apply, which adds it.',
    where: SETTINGS,
  },
  predefined_client_connection: {
    title: 'The login connections of the predefined client differ from GOOGLE_CONNECTION_NAME',
    severity: 'error',
    why: 'Users can sign in through the connections that are enabled for the client.',
    fix: `Run ${APPLY}.`,
    where: `${APPLICATIONS} > the application > Connections`,
  },
  client_missing: {
    title: 'The client does not exist',
    severity: 'error',
    why: 'ChatGPT cannot connect with a client that does not exist.',
    fix: `Run ${APPLY}.`,
    where: APPLICATIONS,
  },
  client_unneeded: {
    title: 'A client has settings that this system does not need',
    severity: 'warning',
    why: 'The client works, but differs from what provision would create.',
    fix: `Run ${APPLY} --prune.`,
    where: APPLICATIONS,
  },
  client_is_first_party: {
    title: 'The predefined client is not first-party',
    ...CLIENT_SETTING,
  },
  client_token_endpoint_auth_method: {
    title: 'The predefined client has another authentication method',
    ...CLIENT_SETTING,
  },
  client_oidc_conformant: {
    title: 'The predefined client is not OIDC-conformant',
    ...CLIENT_SETTING,
  },
  client_callbacks: {
    title: 'The predefined client lacks a callback URL',
    ...CLIENT_SETTING,
  },
  client_grant_types: {
    title: 'The predefined client lacks a grant type',
    ...CLIENT_SETTING,
  },
  client_jwt_configuration_alg: {
    title: 'The predefined client does not use RS256',
    ...CLIENT_SETTING,
  },
  refresh_tokens_unlimited: {
    title: 'Refresh tokens of a first-party client do not rotate or expire',
    severity: 'warning',
    why: 'OAuth 2.1 requires refresh tokens of public clients to rotate. A stolen token that does not expire gives permanent access.',
    fix: `Run ${APPLY} for the predefined client. For other clients, turn on Refresh Token Rotation and both expirations in the settings of the application.`,
    where: SETTINGS,
  },
  refresh_token_leeway_zero: {
    title: 'Rotating refresh tokens have no leeway',
    severity: 'warning',
    why: 'A client may send a refresh token twice, after a lost response or in parallel. Without a leeway Auth0 treats this as theft and revokes all its refresh tokens, and the user must sign in again.',
    fix: `Run ${APPLY} to set the leeway to 30 seconds, or set Rotation Overlap Period in the settings of the application.`,
    where: SETTINGS,
  },
  redirect_uri_refused: {
    title: 'Auth0 rejects the redirect URI',
    severity: 'error',
    why: 'The redirect URI is not in the allowed callback URLs of the client, or its registration is not allowed.',
    fix: `For a new client: ${ALLOW_LOOPBACK}. For an existing client: use --redirect-uri with one of its allowed callback URLs, or add http://127.0.0.1:PORT/callback to them and use --callback-port PORT.`,
    where: SETTINGS,
  },
  rate_limited: {
    title: 'Auth0 has received too many requests',
    severity: 'error',
    why: 'Auth0 limits the requests and the registrations of a tenant.',
    fix: 'Wait a minute and try again.',
  },
  registration_unavailable: {
    title: 'The client cannot be registered now',
    severity: 'error',
    why: 'Auth0 does not respond, or the admission failed.',
    fix: 'Try again. If it fails again, the log of the registration function names the step.',
  },
  registration_refused: {
    title: 'The registration was rejected',
    severity: 'error',
    why: 'The authorization server did not accept the client metadata.',
    fix: "Read the tenant's logs, and run npm run doctor.",
    where: 'Auth0 dashboard: Monitoring > Logs',
  },
  redirect_uri_not_covered: {
    title: 'CLIENT_REDIRECT_URIS does not cover all redirect URIs of the client',
    severity: 'error',
    why: 'log-webhook rejected the client, because CLIENT_REDIRECT_URIS does not cover all of its redirect URIs.',
    fix: `If the client is yours, add its name (claude, codex, vscode) or a pattern: ${ALLOW_LOOPBACK}.`,
  },
  not_dynamic: {
    title: 'The client was created or imported by an administrator',
    severity: 'error',
    why: 'log-webhook admits only clients that registered themselves, and this client does not have the marker of one in Auth0.',
    fix: `Leave CLIENT_REDIRECT_URIS as it is. Set the client up with ${APPLY} and --predefined or --cimd, and connect with --client-id.`,
  },
  policy_observes: {
    title: 'DCR_POLICY is observe',
    severity: 'error',
    why: 'log-webhook admits no clients under DCR_POLICY observe.',
    fix: 'Set DCR_POLICY to admit.',
  },
  webhook_failed: {
    title: 'log-webhook could not admit the client',
    severity: 'error',
    why: 'log-webhook received the registration, but the admission failed.',
    fix: 'Read the log of log-webhook for the reason. With HTTP 401, the log stream sends another secret than LOG_WEBHOOK_SECRET. For a code such as conn_lookup_http_403 or grant_create_http_403, run npm run doctor.',
  },
  webhook_silent: {
    title: 'log-webhook received no event for the client',
    severity: 'error',
    why: 'The log stream does not deliver.',
    fix: `Run ${APPLY} to set up the log stream. Restart a paused stream (on this machine: POST /__tenant). One predefined client, AUTH_SERVER_METADATA=curated and THIRD_PARTY_ACCESS=open work without a log stream.`,
  },
  no_connection: {
    title: 'The client has no login connection',
    severity: 'error',
    why: 'log-webhook has not processed the registration yet, or does not admit the redirect URI, or the connection is not at domain level.',
    fix: `For a loopback redirect URI: ${ALLOW_LOOPBACK}. Otherwise run ${APPLY} to set up the log stream and the connections. The log of log-webhook has the outcome for this client.`,
  },
  client_unknown: {
    title: 'The authorization server does not know the client',
    severity: 'error',
    why: 'The client was deleted (DCR_POLICY=enforce deletes clients that are not covered), or --client-id is wrong.',
    fix: 'Connect again without --client-id to register a new client.',
  },
  scopes_refused: {
    title: 'The client requests scopes that it may not have',
    severity: 'error',
    why: 'The requested scopes are not all in the client grant of the client.',
    fix: 'Set AUTH_SERVER_METADATA to curated, which advertises only the scopes of the tools. If the tenant sends iss, give the client a grant with these scopes instead.',
  },
  not_admitted: {
    title: 'The authorization server does not let the client start a sign-in',
    severity: 'error',
    why: 'The authorization endpoint returned an error that connect does not recognize.',
    fix: 'Read the logs of the tenant and of log-webhook, and run npm run doctor.',
    where: 'Auth0 dashboard: Monitoring > Logs',
  },
} as const satisfies Faults
