/** Why a connection fails, in words for the person who runs the system, and what to do. */
export interface Cause {
  readonly cause: string
  readonly fix: string
}

const PROVISION = 'npm run provision -- --apply'
const DOCTOR = 'npm run doctor tells more'

/** Every cause that `npm run connect` can tell apart. */
export const CAUSES = {
  unreachable: {
    cause: 'Nothing answers there.',
    fix: 'Start the system (npm start) or deploy it (npm run deploy), and check the URL.',
  },
  not_found: {
    cause: 'There is no MCP endpoint at this URL.',
    fix: 'Take the URL that ends in /mcp, at the domain that PUBLIC_URL names.',
  },
  html: {
    cause: 'A web page answers in place of the function.',
    fix: 'A rewrite is missing: deploy Hosting with deploy/firebase.json (npm run deploy).',
  },
  no_protected_resource: {
    cause: 'There is no protected-resource metadata (RFC 9728) for this URL.',
    fix: 'Deploy the metadata function, and let the front send /.well-known/ to it.',
  },
  resource_mismatch: {
    cause: 'The metadata is about another resource than this URL, so clients refuse it.',
    fix: 'Set PUBLIC_URL to the origin that clients use, and OAUTH_AUDIENCE to its /mcp, in Auth0 too.',
  },
  no_authorization_server: {
    cause: "The authorization server's metadata cannot be read.",
    fix: 'Check OAUTH_ISSUER: it is https://<tenant>.<region>.auth0.com/ or the custom domain.',
  },
  issuer_mismatch: {
    cause: 'The authorization server calls itself by another name than the metadata does.',
    fix: 'Set OAUTH_ISSUER to the issuer to the letter, with its trailing slash.',
  },
  no_s256: {
    cause: 'The authorization server does not advertise PKCE with S256, so ChatGPT refuses it.',
    fix: 'Check OAUTH_ISSUER: Auth0 advertises S256. A proxy in between must not drop it.',
  },
  no_registration_endpoint: {
    cause: 'The authorization server advertises no registration endpoint.',
    fix: `Turn dynamic client registration on: ${PROVISION}; or use --client-id.`,
  },
  registration_closed: {
    cause: 'Dynamic client registration is off.',
    fix: `${PROVISION}, or Auth0 dashboard > Settings > Advanced > Dynamic Client Registration.`,
  },
  redirect_uri_refused: {
    cause: 'The redirect URI was refused.',
    fix: 'Let CLIENT_REDIRECT_URIS cover it while you test, such as http://127.0.0.1:*/*.',
  },
  rate_limited: {
    cause: 'Auth0 has had too many requests.',
    fix: 'Wait a minute and try again.',
  },
  registration_refused: {
    cause: 'The registration was refused.',
    fix: `See the tenant's logs (Auth0 dashboard > Monitoring > Logs). ${DOCTOR}.`,
  },
  no_connection: {
    cause:
      'The new client may sign nobody in: it has no login connection. The log webhook was not told of it, failed, or does not admit this redirect URI.',
    fix: `${PROVISION} sets up the log stream and the connections; the log of log-webhook says what it did. CLIENT_REDIRECT_URIS must cover the redirect URI.`,
  },
  no_grant: {
    cause: 'The new client has no client grant for the API.',
    fix: `${PROVISION} sets up the log stream that gives it one; the log of log-webhook says what it did.`,
  },
  unknown_audience: {
    cause: 'The tenant has no API with this identifier.',
    fix: `${PROVISION} creates it; its identifier must be OAUTH_AUDIENCE to the letter.`,
  },
  client_unknown: {
    cause: 'The authorization server does not know the client.',
    fix: 'It was deleted, or --client-id is mistyped: register anew.',
  },
  not_admitted: {
    cause: 'The authorization server does not let the client start a sign-in.',
    fix: `See the tenant's logs and those of log-webhook. ${DOCTOR}.`,
  },
  wrong_password: {
    cause: 'The sign-in form refused the user name or the password.',
    fix: 'Give others: --user alice@example.com --password password are those of the local tenant.',
  },
  sign_in_refused: {
    cause: 'The sign-in ended with an error.',
    fix: `See the tenant's logs: they name the user and the reason. ${DOCTOR}.`,
  },
  sign_in_timed_out: {
    cause: 'Nobody signed in within 5 minutes.',
    fix: 'Open the URL above in a browser on this machine. An error page there names the reason.',
  },
  state_mismatch: {
    cause: 'The answer to the sign-in is not the one to our request.',
    fix: 'Try again, in one browser window.',
  },
  issuer_in_answer: {
    cause: 'The sign-in came back from another issuer (RFC 9207), so clients refuse it.',
    fix: 'Turn off the tenant\'s "iss" authorization response parameter, or set AUTH_SERVER_METADATA to issuer.',
  },
  token_refused: {
    cause: 'The token endpoint refused the code.',
    fix: `See the tenant's logs for a failed exchange (feacft). ${DOCTOR}.`,
  },
  ACCESS_TOKEN_IS_OPAQUE: {
    cause: 'Auth0 issued an opaque token: it was not asked for this API.',
    fix: `Turn on the resource parameter compatibility profile: ${PROVISION}.`,
  },
  ACCESS_TOKEN_IS_ENCRYPTED_JWE: {
    cause: 'Auth0 issued an encrypted token, which this system cannot read.',
    fix: 'Turn off token encryption for the API (Auth0 dashboard > Applications > APIs).',
  },
  token_algorithm: {
    cause: 'The token is not signed with RS256.',
    fix: `Set the API's signing algorithm to RS256: ${PROVISION}.`,
  },
  token_audience: {
    cause: 'The token is for another API.',
    fix: 'Set OAUTH_AUDIENCE to the identifier of the API in Auth0, to the letter.',
  },
  token_issuer: {
    cause: 'The token is from another issuer than the metadata names.',
    fix: 'Set OAUTH_ISSUER to the iss above; with a custom domain it is that domain.',
  },
  gateway_unavailable: {
    cause: "The gateway cannot check tokens now: it has no keys of Auth0's.",
    fix: 'Open /health/auth0: it names what does not answer.',
  },
  token_rejected: {
    cause: 'The gateway refuses the token.',
    fix: 'npm run doctor -- --token - says why.',
  },
  insufficient_scope: {
    cause: 'The token lacks a scope that the tool needs.',
    fix: `Give the user the permission (roles), and the client the scope in its grant: ${PROVISION}.`,
  },
  protocol: {
    cause: 'The endpoint does not speak MCP as a client expects.',
    fix: `See the gateway's log. ${DOCTOR}.`,
  },
  no_tools: {
    cause: 'The gateway lists no tools.',
    fix: 'Give it TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON.',
  },
  tool_failed: {
    cause: 'The tool answered with an error.',
    fix: "The gateway's log has the reason of this call; check FUNCTIONS_BASE and the backend.",
  },
} as const satisfies Readonly<Record<string, Cause>>

export type CauseId = keyof typeof CAUSES
