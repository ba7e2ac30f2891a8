import type { variables } from '../../shared/config/variables.ts'
import type { VariableText } from './variable-text.ts'

const LIST_EVENTS = `listEvents:
  title: "List events"
  description: "Events of the signed-in user, newest first."
  scopes: ["events:read"]
  inputSchema: { type: object, properties: { limit: { type: integer, minimum: 1 } } }
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
`

/** The variables of the functions, in the order of the documentation. */
export const FUNCTION_VARIABLES: Readonly<Record<keyof typeof variables, VariableText>> = {
  PUBLIC_URL: {
    meaning: 'public origin of the functions',
    sample: 'https://mcp.example.com',
    isRequired: true,
  },
  OAUTH_ISSUER: {
    meaning: "Auth0's issuer, compared as an exact string; a bare origin gets the trailing slash",
    sample: 'https://YOUR_TENANT.us.auth0.com/',
    isRequired: true,
  },
  OAUTH_AUDIENCE: {
    meaning:
      'identifier of the API in Auth0, the `aud` of its tokens and the `resource` that clients request',
    default: '`PUBLIC_URL/mcp`',
    sample: 'https://mcp.example.com/mcp',
  },
  OAUTH_SCOPES: {
    meaning: 'scopes to advertise in addition to those of the tools, separated by spaces',
    sample: '',
  },
  JWKS_URI: {
    meaning: "the issuer's key set",
    default: '`OAUTH_ISSUER.well-known/jwks.json`',
    sample: 'https://YOUR_TENANT.us.auth0.com/.well-known/jwks.json',
  },
  TOOLS: {
    meaning:
      'the tools, as YAML or JSON; exactly one of `TOOLS`, `TOOLS_FILE` and `TOOL_SCOPES_JSON` must be set; `npm run deploy` deploys it as a file with the functions, so its size is not limited',
    sample: LIST_EVENTS,
    isRequired: true,
    more: ['tools', 'tools.md'],
  },
  TOOLS_FILE: { meaning: 'path of a file with the tools', sample: 'tools.yaml' },
  TOOL_SCOPES_JSON: {
    meaning: 'short form of the tools: only names and scopes',
    sample: '{"listEvents":["events:read"]}',
  },
  FUNCTIONS_BASE: {
    meaning: 'base URL of the backends: one HTTP function per tool at `FUNCTIONS_BASE/{toolName}`',
    sample: 'https://us-central1-YOUR_PROJECT.cloudfunctions.net',
    isRequired: true,
    more: ['backends', 'backends.md'],
  },
  GATEWAY_HMAC_SECRET: {
    meaning:
      'key that signs the assertion to the backends, at least 32 characters; two during a rotation, newest first, separated by a comma; not needed with `GATEWAY_SIGNING_KEY`',
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
    meaning: 'claims of the token that the assertion includes, separated by commas or spaces',
    sample: 'https://example.com/email, org_id',
    more: ['claims', 'backends.md#claims-and-hints'],
  },
  OBO_CLIENT_ID: {
    meaning:
      "client that exchanges the user's token for a token with a backend's audience, for tools with `backendAuth` `on_behalf_of`; `npm run provision` creates it",
    sample: '',
    more: ['backends', 'backends.md#backend-authentication'],
  },
  OBO_CLIENT_SECRET: {
    meaning:
      'client secret of that client; other secrets that the catalogue names in `backendAuth` are additional variables, such as `CALENDAR_API_KEY`',
    sample: '',
  },
  BACKEND_TIMEOUT_MS: {
    meaning: 'timeout of a backend request in milliseconds; Hosting ends a request after 60 s',
    default: '50000',
    sample: '50000',
  },
  SCOPE_SOURCE: {
    meaning:
      'claims that grant access: `scope`, or `scope-or-permissions`, which also accepts permissions that the client did not request',
    default: '`scope`',
    sample: 'scope',
  },
  RATE_LIMIT_PER_MINUTE: {
    meaning: 'maximum tool calls per user and minute',
    default: 'no limit',
    sample: '120',
  },
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: {
    meaning: 'maximum tool calls per minute of all anonymous callers together',
    default: 'no limit',
    sample: '600',
  },
  REDIS_URL: {
    meaning:
      'Redis URL for rate limits across instances; without it each instance counts its own calls',
    sample: 'redis://10.0.0.3:6379',
  },
  MAX_BODY_BYTES: {
    meaning: 'maximum size of a request body in bytes, from 1024 to 8388608 (8 MiB)',
    default: '1048576',
    sample: '1048576',
  },
  APP_ORIGIN: {
    meaning: 'allowed browser origins, separated by commas, or `*`',
    default: 'no origin',
    sample: 'https://app.example.com',
  },
  AUTH_CHALLENGE: {
    meaning: 'form of a refused `tools/call`: `http`, `tool-result`, or `auto` by user agent',
    default: '`auto`',
    sample: 'auto',
  },
  AUTH_SERVER_METADATA: {
    meaning:
      "authorization server metadata for clients: `issuer` (Auth0's own), or `curated` (at `PUBLIC_URL`, with only the tools' scopes and the registration function, which admits a client before it returns the client id; not for a tenant that sends `iss`)",
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
    meaning: 'login connections of admitted clients, separated by commas',
    sample: 'google-oauth2',
    isRequired: true,
  },
  CLIENT_REDIRECT_URIS: {
    meaning:
      'names of clients (`chatgpt`, `claude`, `vscode`, `cursor`, `codex`, `loopback`) and patterns (`URLPattern` that names a path; `/*` is every path), separated by commas; all redirect URIs of a client must match',
    default: '`chatgpt`',
    sample: 'chatgpt',
    more: ['presets', 'clients.md#which-clients-are-admitted'],
  },
  THIRD_PARTY_ACCESS: {
    meaning:
      'third-party clients that may request access to the API: `admitted` (by log-webhook or registration), or `open` (every registered client)',
    default: '`admitted`',
    sample: 'admitted',
  },
  OAUTH_ORGANIZATION: {
    meaning: "allowed values of a token's `org_id` (`org_...`), separated by commas",
    sample: '',
  },
  DCR_POLICY: {
    meaning:
      '`admit`, `observe` (log only) or `enforce` (also delete clients that no pattern matches)',
    default: '`admit`',
    sample: 'admit',
  },
  OPENAI_APPS_CHALLENGE: {
    meaning: "token for OpenAI's domain verification",
    sample: '',
  },
  LOG_LEVEL: {
    meaning: '`debug`, `info`, `warning` or `error`; audit records are always written',
    default: '`info`',
    sample: 'info',
  },
}
