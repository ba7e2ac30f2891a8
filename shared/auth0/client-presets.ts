/** The names of the clients whose redirect URIs this system knows. */
export type ClientPreset = 'chatgpt' | 'claude' | 'vscode' | 'cursor' | 'codex' | 'loopback'

export interface RedirectUris {
  /** URLPatterns. A client is covered if each of its redirect URIs matches an allowed pattern. */
  readonly redirectUris: readonly string[]
  /** The URL of the page that documents these URIs. */
  readonly source: string
}

/** The presets, whose names CLIENT_REDIRECT_URIS accepts in addition to patterns. */
export const CLIENT_PRESETS: Readonly<Record<ClientPreset, RedirectUris>> = {
  chatgpt: {
    redirectUris: [
      // The stable URI, and the URI of each connector.
      'https://chatgpt.com/connector_platform_oauth_redirect',
      // URLPattern compiles groups with the v flag, which requires the escape of a hyphen in a class.
      'https://chatgpt.com/connector/oauth/:callback_id([\\w\\-]+)',
    ],
    source: 'https://developers.openai.com/plugins/build/auth',
  },
  claude: {
    redirectUris: [
      // Claude on the web, on desktop and on mobile.
      'https://claude.ai/api/mcp/auth_callback',
      'https://claude.com/api/mcp/auth_callback',
      // Claude Code listens on a port of its choice.
      'http://localhost:*/callback',
      'http://127.0.0.1:*/callback',
    ],
    source:
      'https://docs.zuora.com/zuora-ai/zuora-mcp-server/zuora-mcp-server/configure-zuora-remote-mcp-server/redirect-uris-by-mcp-client',
  },
  vscode: {
    redirectUris: [
      'https://vscode.dev/redirect',
      'https://insiders.vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
    source: 'https://github.com/microsoft/vscode/issues/278512',
  },
  cursor: {
    redirectUris: [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      // Newer desktop versions, and web agents.
      'http://localhost:8787/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
    ],
    source: 'https://cursor.com/docs/mcp',
  },
  codex: {
    redirectUris: [
      // Codex listens on a port of its choice. Newer versions append an ID of the server.
      'http://127.0.0.1:*/callback',
      'http://127.0.0.1:*/callback/:callback_id([\\w\\-]+)',
    ],
    source: 'https://github.com/openai/codex/issues/30460',
  },
  loopback: {
    redirectUris: ['http://127.0.0.1:*/*', 'http://localhost:*/*', 'http://[\\:\\:1]:*/*'],
    source: 'https://www.rfc-editor.org/rfc/rfc8252#section-7.3',
  },
}

/** Returns the preset of this name; undefined for an unknown name. */
export function findPreset(name: string): RedirectUris | undefined {
  return Object.entries(CLIENT_PRESETS).find(([preset]) => preset === name)?.[1]
}

/** Replaces the preset names in a list by their patterns and keeps all other items. */
export function redirectUriPatterns(items: readonly string[]): string[] {
  return items.flatMap((item) => findPreset(item)?.redirectUris ?? [item])
}
