import type { Faults } from './fault.ts'

const PASS_CHALLENGE =
  'Let the edge pass WWW-Authenticate unchanged. With API Gateway, set security: [] for /mcp, so that the function responds.'
const ROUTE_MCP = 'Route /mcp only to the function gateway (deploy/firebase.json)'
const GPT_ACTIONS = 'GPT Actions reject this document as it is. MCP clients do not read it.'
const IMPORT_PART = 'Import a part of it: /openapi.json?tools=a,b describes only these tools.'

/** Faults of the gateway's responses: challenges, refusals, its OpenAPI document, calls. */
export const GATEWAY_FAULTS = {
  unauthenticated_allowed: {
    title: 'A tool that requires a sign-in runs without a token',
    severity: 'error',
    why: 'The call does not reach the function gateway, or the edge adds credentials to it.',
    fix: `${ROUTE_MCP}, and configure the edge not to add an Authorization header.`,
  },
  function_not_public: {
    title: 'Google rejects calls before they reach the gateway',
    severity: 'error',
    why: 'The function requires Google credentials, and clients treat 403 as final.',
    fix: 'Let unauthenticated callers invoke the function, which checks tokens itself: gcloud run services add-iam-policy-binding gateway --member=allUsers --role=roles/run.invoker. Let bot protection at the edge pass /mcp.',
  },
  mcp_missing: {
    title: 'There is no MCP endpoint at this URL',
    severity: 'error',
    why: 'Clients expect 401 with a challenge, which leads to the authorization server. On 404 they show no sign-in prompt.',
    fix: 'Use the URL that ends in /mcp, on the domain of PUBLIC_URL. If it is right, rewrite /mcp (not only /mcp/**) to the function gateway (deploy/firebase.json), then run npm run deploy.',
  },
  mcp_failing: {
    title: 'The MCP endpoint returns an error',
    severity: 'error',
    why: 'Clients expect 401 with a challenge, which leads to the authorization server. On other errors they show no sign-in prompt.',
    fix: 'Read the log of the gateway, which names the cause (configuration_refused lists variables): gcloud functions logs read gateway --gen2. With 405 or 415, the edge changes the method or Content-Type of the call.',
  },
  challenge_missing: {
    title: 'A 401 of the MCP endpoint has no Bearer challenge',
    severity: 'error',
    why: 'Clients read the location of the metadata from the challenge. Without it, they show no sign-in prompt.',
    fix: PASS_CHALLENGE,
  },
  challenge_not_bare: {
    title: 'The challenge for a call without a token has an error code',
    severity: 'error',
    why: 'RFC 6750 s3.1 says that a challenge for a request without credentials should not have an error code, and some clients discard their token because of one. An edge that adds its own token to Authorization has the same effect.',
    fix: 'Configure the edge not to add an Authorization header (API Gateway: disable_auth: true under x-google-backend), and pass WWW-Authenticate unchanged.',
  },
  challenge_without_resource_metadata: {
    title: 'The challenge has no resource_metadata',
    severity: 'error',
    why: 'Clients find the metadata by this parameter (RFC 9728 s5.1). Without it, they show no sign-in prompt.',
    fix: PASS_CHALLENGE,
  },
  challenge_resource_metadata_wrong: {
    title: 'The challenge names metadata of another deployment',
    severity: 'error',
    why: 'Clients read the metadata of another deployment, or find none.',
    fix: ({ publicUrl = 'the origin that clients use' }: { readonly publicUrl?: string }) =>
      `Set PUBLIC_URL to ${publicUrl} in .env.yaml, then run npm run deploy -- gateway. npm start reads PUBLIC_URL from the environment.`,
  },
  challenge_scope_missing: {
    title: 'The challenge lacks scopes that tools require',
    severity: 'error',
    why: 'Clients request the scopes of the challenge, so calls fail with insufficient_scope.',
    fix: `${PASS_CHALLENGE} Then run npm run deploy -- gateway.`,
  },
  authorization_stripped: {
    title: 'The edge removes the Authorization header',
    severity: 'error',
    why: 'The gateway sees no token, so it asks users to sign in again on every call.',
    fix: 'Let the edge pass Authorization. API Gateway: disable_auth: true under x-google-backend. nginx: proxy_set_header Authorization $http_authorization. CDN: add Authorization to the forwarded headers.',
  },
  bad_token_accepted: {
    title: 'The MCP endpoint accepts an invalid token',
    severity: 'error',
    why: 'Every caller is accepted, with any token.',
    fix: `${ROUTE_MCP}, then run npm run deploy.`,
  },
  bad_token_answer: {
    title: 'The response to an invalid token is not 401 invalid_token',
    severity: 'error',
    why: 'Clients get a new token only after 401 with invalid_token. After other responses they stop or show an error.',
    fix: PASS_CHALLENGE,
  },
  mcp_get_not_405: {
    title: 'The response to GET /mcp is not 401 or 405',
    severity: 'error',
    why: 'Clients request an event stream with GET. They continue without a stream only after 405, and sign in after 401.',
    fix: 'Rewrite /mcp for all methods to the function gateway (deploy/firebase.json), then run npm run deploy.',
  },
  chatgpt_sign_in_not_offered: {
    title: 'ChatGPT does not get the tool result that starts a sign-in',
    severity: 'error',
    why: 'ChatGPT starts a sign-in only after a tool result with _meta["mcp/www_authenticate"]. Without it, users see no sign-in prompt.',
    fix: 'Set AUTH_CHALLENGE to auto in .env.yaml, then run npm run deploy -- gateway. Let the edge pass User-Agent unchanged, or set AUTH_CHALLENGE to tool-result.',
  },
  gateway_keys_unavailable: {
    title: 'The gateway cannot read the signing keys of the issuer',
    severity: 'error',
    why: 'The gateway has no key to verify tokens, so it rejects every caller with 503.',
    fix: 'Open /health/auth0, which names the part that does not respond. Let the gateway reach the issuer (VPC egress, firewall), and check JWKS_URI and OAUTH_ISSUER in .env.yaml; then run npm run deploy -- gateway.',
  },
  gateway_public_url: {
    title: 'The PUBLIC_URL of the gateway differs from this URL',
    severity: 'error',
    why: 'The gateway builds its challenges and the assertion for backends from PUBLIC_URL.',
    fix: ({ publicUrl }: { readonly publicUrl: string }) =>
      `Set PUBLIC_URL to ${publicUrl} in .env.yaml, then run npm run deploy -- gateway.`,
  },
  openapi_missing: {
    title: 'The OpenAPI document is not served',
    severity: 'error',
    why: 'GPT Actions import the tools from /openapi.json.',
    fix: 'Rewrite /openapi.json to the function gateway (deploy/firebase.json), then run npm run deploy.',
  },
  openapi_references: {
    title: 'The OpenAPI document has unresolvable references',
    severity: 'error',
    why: 'Importers reject a document with such references.',
    fix: 'Deploy the gateway of the same version as doctor: npm run deploy -- gateway.',
  },
  openapi_operations: {
    title: 'The OpenAPI document has more operations than GPT Actions accept',
    severity: 'warning',
    why: GPT_ACTIONS,
    fix: IMPORT_PART,
  },
  openapi_descriptions: {
    title: 'The OpenAPI document has longer texts than GPT Actions accept',
    severity: 'warning',
    why: GPT_ACTIONS,
    fix: 'Deploy the gateway of the same version as doctor, which shortens them: npm run deploy -- gateway.',
  },
  openapi_size: {
    title: 'The OpenAPI document is larger than GPT Actions accept',
    severity: 'warning',
    why: GPT_ACTIONS,
    fix: IMPORT_PART,
  },
  token_rejected: {
    title: 'The gateway rejects the token',
    severity: 'error',
    why: 'The token does not meet the requirements of the gateway.',
    fix: 'Run npm run doctor -- --token - with the token, which explains the reason.',
  },
  calls_limited: {
    title: 'The user has reached the rate limit',
    severity: 'error',
    why: 'The gateway allows each user RATE_LIMIT_PER_MINUTE calls per minute.',
    fix: 'Wait a minute, or raise RATE_LIMIT_PER_MINUTE.',
  },
  protocol: {
    title: 'The endpoint does not speak MCP',
    severity: 'error',
    why: 'The response is not valid MCP.',
    fix: 'Read the log of the gateway, and run npm run doctor.',
  },
  no_tools: {
    title: 'The gateway lists no tools',
    severity: 'error',
    why: 'The catalogue of the gateway is empty.',
    fix: 'Set TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON.',
  },
  tool_failed: {
    title: 'The tool returns an error',
    severity: 'error',
    why: 'The gateway or the backend rejected the call, or the backend failed.',
    fix: 'If the result rejects arguments, correct them in --arguments. Otherwise find the reason of tool_answered in the log of the gateway, which is the terminal of npm start (errors that the backend returns as HTTP 4xx only with LOG_LEVEL=debug). backend_unreachable: start the backend, and check the origin and the cause that the log names. backend_http_404: check the path, which is FUNCTIONS_BASE with the name of the tool, or the url of its request. backend_http_401: if the backend verifies the assertion, give it the same GATEWAY_HMAC_SECRET, PUBLIC_URL and FUNCTIONS_BASE as the gateway; if the API needs a key or a token, set backendAuth. docs/backends.md has the other reasons.',
  },
} as const satisfies Faults
