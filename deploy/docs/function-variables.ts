import type { variables } from '../../shared/config/variables.ts'
import type { VariableText } from './variable-text.ts'

const LIST_EVENTS = `listEvents:
  title: "List events"
  description: "Events of the signed-in user, newest first."
  scopes: ["events:read"]
  inputSchema: { type: object, properties: { limit: { type: integer, minimum: 1 } } }
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
`

/** The variables of the functions, in the order of the documents. */
export const FUNCTION_VARIABLES: Readonly<Record<keyof typeof variables, VariableText>> = {
  PUBLIC_URL: {
    meaning: 'the one public origin of the functions',
    sample: 'https://mcp.example.com',
    isRequired: true,
  },
  OAUTH_ISSUER: {
    meaning:
      "Auth0's issuer, compared as an exact string; a slash is added to an origin without a path",
    sample: 'https://YOUR_TENANT.us.auth0.com/',
    isRequired: true,
  },
  OAUTH_AUDIENCE: {
    meaning:
      "the API's identifier in Auth0, which is the token's `aud` and the resource that clients request",
    default: '`PUBLIC_URL/mcp`',
    sample: 'https://mcp.example.com/mcp',
  },
  OAUTH_SCOPES: {
    meaning: "scopes to advertise in addition to the tools' scopes, separated by blanks",
    sample: '',
  },
  JWKS_URI: {
    meaning: "the issuer's key set",
    default: '`OAUTH_ISSUER.well-known/jwks.json`',
    sample: 'https://YOUR_TENANT.us.auth0.com/.well-known/jwks.json',
  },
  TOOLS: {
    meaning:
      'the tools, as YAML or JSON; set exactly one of `TOOLS`, `TOOLS_FILE` and `TOOL_SCOPES_JSON`; `npm run deploy` puts it into the source of the functions, so its size is not limited',
    sample: LIST_EVENTS,
    isRequired: true,
    more: ['tools', 'tools.md'],
  },
  TOOLS_FILE: { meaning: 'path of a file with the tools, as for `TOOLS`', sample: 'tools.yaml' },
  TOOL_SCOPES_JSON: {
    meaning: "the tools' names and scopes only, as JSON",
    sample: '{"listEvents":["events:read"]}',
  },
  FUNCTIONS_BASE: {
    meaning: 'base URL of the backends: the gateway calls a tool at `FUNCTIONS_BASE/{toolName}`',
    sample: 'https://us-central1-YOUR_PROJECT.cloudfunctions.net',
    isRequired: true,
    more: ['backends', 'backends.md'],
  },
  GATEWAY_HMAC_SECRET: {
    meaning:
      'secret that signs the assertion to the backends, at least 32 characters; two during a rotation, separated by a comma, the first signs; not needed with `GATEWAY_SIGNING_KEY`',
    sample: 'replace-with-random',
    isRequired: true,
  },
  GATEWAY_SIGNING_KEY: {
    meaning:
      'private key that signs the assertion instead of the secret: P-256 or Ed25519, as PEM (`\\n` for line breaks) or JWK; two during a rotation, the first signs',
    sample: '',
  },
  BACKEND_AUTH: {
    meaning: '`none`, or `google` to call private backends with a Google-signed ID token',
    default: '`none`',
    sample: 'none',
  },
  BACKEND_CLAIMS: {
    meaning: "the token's claims to include in the assertion, separated by commas or blanks",
    sample: 'https://example.com/email, org_id',
    more: ['claims', 'backends.md#claims-and-hints'],
  },
  OBO_CLIENT_ID: {
    meaning:
      "the client that exchanges the user's token for one with a backend's audience, for tools with `backendAuth` `on_behalf_of`; `npm run provision` creates it",
    sample: '',
    more: ['backends', 'backends.md#credentials-for-backends'],
  },
  OBO_CLIENT_SECRET: {
    meaning:
      'the secret of that client; other secrets that the catalogue names in `backendAuth` are set as further variables, such as `CALENDAR_API_KEY`',
    sample: '',
  },
  BACKEND_TIMEOUT_MS: {
    meaning: 'time limit for a backend, in milliseconds; Hosting ends a request after 60 s',
    default: '50000',
    sample: '50000',
  },
  SCOPE_SOURCE: {
    meaning:
      'claims that grant access: `scope`, or `scope-or-permissions`, which grants clients more access',
    default: '`scope`',
    sample: 'scope',
  },
  RATE_LIMIT_PER_MINUTE: {
    meaning: 'maximum number of tool calls per minute and user',
    default: 'no limit',
    sample: '120',
  },
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: {
    meaning: 'maximum number of tool calls per minute for all anonymous callers together',
    default: 'no limit',
    sample: '600',
  },
  REDIS_URL: {
    meaning:
      'URL of Redis, for rate limits across instances; without it each instance counts its own calls',
    sample: 'redis://10.0.0.3:6379',
  },
  MAX_BODY_BYTES: {
    meaning: 'maximum size of a request body in bytes, from 1024 to 8388608 (8 MiB)',
    default: '1048576',
    sample: '1048576',
  },
  APP_ORIGIN: {
    meaning: 'browser origins that may call the gateway, separated by commas, or `*`',
    default: 'no origin',
    sample: 'https://app.example.com',
  },
  AUTH_CHALLENGE: {
    meaning:
      'response to a refused `tools/call`: `http`, `tool-result`, or `auto` (depends on the user agent)',
    default: '`auto`',
    sample: 'auto',
  },
  AUTH_SERVER_METADATA: {
    meaning:
      "source of the authorization server metadata: `issuer` (Auth0's own), or `curated` (metadata at `PUBLIC_URL` with only the tools' scopes, and the registration function, which admits a client before it returns the client id; not for a tenant that sends `iss`)",
    default: '`issuer`',
    sample: 'issuer',
  },
  MGMT_DOMAIN: {
    meaning: "host name of Auth0's Management API",
    sample: 'YOUR_TENANT.us.auth0.com',
    isRequired: true,
  },
  MGMT_CLIENT_ID: {
    meaning: 'client id of a machine-to-machine application for the Management API',
    sample: 'replace-with-client-id',
    isRequired: true,
    more: ['scopes', 'auth0.md#set-up'],
  },
  MGMT_CLIENT_SECRET: {
    meaning: 'client secret of that application',
    sample: 'replace-with-client-secret',
    isRequired: true,
  },
  LOG_WEBHOOK_SECRET: {
    meaning:
      "the log stream's `Authorization` value, at least 32 characters; two during a rotation, newest first, separated by a comma",
    sample: 'replace-with-random',
    isRequired: true,
  },
  GOOGLE_CONNECTION_NAME: {
    meaning: 'login connections to enable for an admitted client, separated by commas',
    sample: 'google-oauth2',
    isRequired: true,
  },
  CLIENT_REDIRECT_URIS: {
    meaning:
      'names of clients (`chatgpt`, `claude`, `vscode`, `cursor`, `codex`, `loopback`) and patterns (`URLPattern` with a path; `/*` matches every path), separated by commas; all redirect URIs of a client must match',
    default: '`chatgpt`',
    sample: 'chatgpt',
    more: ['presets', 'clients.md#which-clients-are-admitted'],
  },
  THIRD_PARTY_ACCESS: {
    meaning:
      'third-party clients that may request access to the API: `admitted` (those that log-webhook or registration admits), or `open` (every client that registers)',
    default: '`admitted`',
    sample: 'admitted',
  },
  OAUTH_ORGANIZATION: {
    meaning:
      "allowed values of a token's `org_id`: Organization ids (`org_...`), separated by commas",
    sample: '',
  },
  DCR_POLICY: {
    meaning:
      '`admit`, `observe` (log only) or `enforce` (also delete clients that match no pattern)',
    default: '`admit`',
    sample: 'admit',
  },
  OPENAI_APPS_CHALLENGE: {
    meaning: "OpenAI's token for the verification of the domain",
    sample: '',
  },
  LOG_LEVEL: {
    meaning: '`debug`, `info`, `warning` or `error`; audit records are always written',
    default: '`info`',
    sample: 'info',
  },
}
