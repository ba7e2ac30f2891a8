import type { Implementation } from '@modelcontextprotocol/client'

/** The clients that `--as` supports. */
export const CLIENT_NAMES = ['codex', 'claude-code', 'chatgpt', 'vscode'] as const

export type ClientName = (typeof CLIENT_NAMES)[number]

/** How a client receives the authorization response. */
export interface Redirect {
  /**
   * The registered redirect URIs; `{port}` is the port that the client listens on, `{id}` the id that it
   * derives from the server's URL. The sign-in uses `used`.
   */
  readonly registered: readonly string[]
  readonly used: string
  /** The preferred port; 0 = any free port. */
  readonly port: number
}

/** The known behaviour of a client; absent members default to that of `npm run connect`. */
export interface Imitation {
  /** The `User-Agent` of discovery and registration, of the token request, and of MCP. */
  readonly userAgent: {
    readonly discovery?: string
    readonly token?: string
    readonly mcp: string
  }
  readonly clientInfo?: Implementation
  /** MCP version negotiation: `legacy` = `initialize`, `auto` = 2026-07-28 first. */
  readonly negotiation?: 'auto' | 'legacy'
  /** Its client metadata apart from the redirect URIs (RFC 7591 s2). */
  readonly registration: Readonly<Record<string, unknown>> & { readonly client_name: string }
  /** Registers the scopes that it requests. */
  readonly registersScope?: boolean
  /** Registers only grant types that the authorization server lists. */
  readonly registersSupportedGrantTypes?: boolean
  readonly redirect: Redirect
  /** The redirect URI and metadata document if the authorization server sends `iss`. */
  readonly withIss?: { readonly redirect: Redirect; readonly metadataDocument: string }
  /** Its client id if the authorization server supports metadata documents. */
  readonly metadataDocument?: string
  /** Sends GET to the endpoint before anything else. */
  readonly probesByGet?: boolean
  /** Without resource metadata, uses the origin as the authorization server (2025-03-26). */
  readonly fallsBackToOrigin?: boolean
  /** Scopes that it also requests if the authorization server lists them. */
  readonly addedScopes?: readonly string[]
  /** The source of each value. */
  readonly sources: readonly string[]
}

const CHATGPT_ORIGIN = 'https://chatgpt.com'
const fixedRedirect = (uri: string): Redirect => ({ registered: [uri], used: uri, port: 0 })

/** The known behaviour of each client, with the observed versions. */
export const IMITATIONS: Readonly<Record<ClientName, Imitation>> = {
  codex: {
    userAgent: { mcp: 'codex-mcp-client/0.162.0' },
    clientInfo: { name: 'codex-mcp-client', version: '0.162.0' },
    negotiation: 'legacy',
    registration: {
      client_name: 'Codex',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    registersScope: true,
    redirect: {
      registered: ['http://127.0.0.1:{port}/callback/{id}'],
      used: 'http://127.0.0.1:{port}/callback/{id}',
      port: 0,
    },
    probesByGet: true,
    sources: [
      'redirect URI, client_name: https://github.com/openai/codex, codex-rs/rmcp-client/src/perform_oauth_login.rs (18b3cfcb)',
      'User-Agent, scope at registration, GET before each connection: server logs of September and October 2026',
    ],
  },
  'claude-code': {
    userAgent: {
      discovery: 'claude-code/2.1.295 (cli)',
      token: 'claude-code/2.1.295 (cli)',
      mcp: 'claude-code/2.1.295 (cli)',
    },
    clientInfo: { name: 'claude-code', version: '2.1.295' },
    registration: {
      client_name: 'Claude Code (connect)',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    redirect: {
      registered: ['http://localhost:{port}/callback'],
      used: 'http://localhost:{port}/callback',
      port: 0,
    },
    metadataDocument: 'https://claude.ai/oauth/claude-code-client-metadata',
    fallsBackToOrigin: true,
    sources: [
      'redirect URI: https://code.claude.com/docs/en/mcp (oauth.callbackPort)',
      'metadata document, with a port in the redirect URI that the document does not have: https://github.com/anthropics/claude-code/issues/37747',
      'User-Agent, client_name (the server in parentheses): server logs of summer and autumn 2026',
    ],
  },
  chatgpt: {
    userAgent: {
      discovery: 'Python/3.14 aiohttp/3.13.5',
      token: 'openai-connectors-oauth/1.0',
      mcp: 'openai-mcp/1.0.0',
    },
    registration: {
      client_name: 'ChatGPT',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    redirect: fixedRedirect(`${CHATGPT_ORIGIN}/connector/oauth/{id}`),
    metadataDocument: `${CHATGPT_ORIGIN}/oauth/{id}/client.json`,
    withIss: {
      redirect: fixedRedirect(`${CHATGPT_ORIGIN}/connector_platform_oauth_redirect`),
      metadataDocument: `${CHATGPT_ORIGIN}/oauth/client.json`,
    },
    addedScopes: ['openid', 'email', 'profile'],
    sources: [
      'redirect URIs, metadata documents, scopes, iss: https://developers.openai.com/plugins/build/auth',
      'User-Agent of each step, registration: server logs of September and October 2026',
    ],
  },
  vscode: {
    userAgent: {
      discovery: 'Visual Studio Code/1.128.0',
      token: 'Visual Studio Code/1.128.0',
      mcp: 'Visual Studio Code/1.128.0',
    },
    clientInfo: { name: 'Visual Studio Code', version: '1.128.0' },
    registration: {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: [
        ...['authorization_code', 'refresh_token'],
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    registersScope: true,
    registersSupportedGrantTypes: true,
    redirect: {
      registered: [
        ...['https://insiders.vscode.dev/redirect', 'https://vscode.dev/redirect'],
        ...['http://127.0.0.1/', 'http://127.0.0.1:33418/'],
      ],
      used: 'http://127.0.0.1:{port}/',
      port: 33_418,
    },
    metadataDocument: 'https://vscode.dev/oauth/client-metadata.json',
    fallsBackToOrigin: true,
    sources: [
      'registration, redirect URIs, port, fallback: https://github.com/microsoft/vscode, src/vs/base/common/oauth.ts (05f882b0)',
      'metadata document, User-Agent: server logs of spring and summer 2026',
    ],
  },
}
