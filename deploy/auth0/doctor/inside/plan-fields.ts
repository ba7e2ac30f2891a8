/** What is known of a field of the plan. */
export interface KnownField {
  readonly id: string
  readonly why: string
  /** Further down in the dashboard. */
  readonly where?: string
}

/** What goes wrong when a field of the plan is not as it should be. */
export const FIELDS: Readonly<Record<string, KnownField>> = {
  signing_alg: {
    id: 'api_signing_alg',
    why: 'The gateway takes RS256 alone, and refuses every token that is signed otherwise',
    where: 'Settings > Signing Algorithm',
  },
  enforce_policies: {
    id: 'api_rbac_off',
    why: 'Without RBAC everybody who signs in gets every scope, whatever permissions the person has',
    where: 'Settings > RBAC Settings > Enable RBAC',
  },
  token_dialect: {
    id: 'api_token_dialect',
    why: 'Without permissions in the token the gateway cannot narrow what was granted; with other dialects calls end with insufficient_scope in systems that read permissions',
    where:
      'Settings > RBAC Settings > Add Permissions in the Access Token; Access Token Profile: RFC 9068',
  },
  allow_offline_access: {
    id: 'api_offline_access_off',
    why: 'Without refresh tokens the connection ends with its first access token (after 24 hours by default)',
    where: 'Settings > Allow Offline Access',
  },
  token_encryption: {
    id: 'api_token_encryption',
    why: 'Auth0 encrypts the tokens of this API: ACCESS_TOKEN_IS_ENCRYPTED_JWE',
    where: 'Settings > Token Encryption',
  },
  proof_of_possession: {
    id: 'api_proof_of_possession',
    why: 'Auth0 binds the tokens of this API to a key (cnf), which must not be taken as bearer tokens',
    where: 'Settings > Token Sender-Constraining',
  },
  'subject_type_authorization.user.policy': {
    id: 'api_user_access',
    why: 'Auth0 gives people no token for this API: unauthorized_client or access_denied',
    where: 'Settings > Application Access Policy',
  },
  scopes: {
    id: 'api_scope_missing',
    why: 'Auth0 leaves out of a token what the API does not have: calls end with insufficient_scope',
    where: 'Permissions',
  },
  resource_parameter_profile: {
    id: 'resource_parameter_profile',
    why: 'ChatGPT names the API as its resource (RFC 8707), which Auth0 ignores then: it issues an opaque or encrypted token (ACCESS_TOKEN_IS_OPAQUE, ACCESS_TOKEN_IS_ENCRYPTED_JWE)',
    where: 'Resource Parameter Compatibility Profile',
  },
  'flags.enable_dynamic_client_registration': {
    id: 'registration_closed',
    why: 'ChatGPT cannot register a client, so no new connection works',
  },
  is_domain_connection: {
    id: 'connection_not_shared',
    why: 'Strict third-party clients sign people in through domain-level connections only: "no connections enabled for the client"',
    where: 'Settings > Promote Connection to Domain Level',
  },
  permissions: {
    id: 'role_permissions_missing',
    why: 'People with this role do not have these permissions, so their tokens lack the scopes: insufficient_scope',
  },
  enabled: {
    id: 'predefined_client_connection',
    why: 'The predefined client signs people in through the connections that are on for it, and only those that GOOGLE_CONNECTION_NAME names should be',
  },
  scope: {
    id: 'default_grant_scope',
    why: 'Third-party clients without a grant of their own do not get these scopes: insufficient_scope',
  },
  status: {
    id: 'log_stream_not_active',
    why: 'A stream that is paused or suspended delivers nothing, so that no client is admitted. Auth0 pauses a stream after 7 days of failed deliveries: look for their cause, too',
    where: 'the stream > Health',
  },
  filters: {
    id: 'log_stream_filters',
    why: 'Registrations are events of the category management.success; without it log-webhook hears of none',
    where: 'the stream > Settings > Filter by Event Category',
  },
  'sink.httpContentFormat': {
    id: 'log_stream_format',
    why: 'log-webhook reads all formats, but JSON Lines sent as application/json is no JSON, which fronts may refuse',
    where: 'the stream > Settings > Content Format: JSON Array',
  },
  'sink.httpContentType': {
    id: 'log_stream_content_type',
    why: 'The body is a JSON array, and fronts may go by what it is called',
    where: 'the stream > Settings > Content Type',
  },
  'sink.httpAuthorization': {
    id: 'log_stream_secret',
    why: 'log-webhook refuses what comes without its LOG_WEBHOOK_SECRET (401), so that no client is admitted, and Auth0 pauses the stream in the end',
    where: 'the stream > Settings > Authorization Token',
  },
}
