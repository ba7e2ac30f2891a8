/** The clients whose redirect URIs this system knows by name. */
export type ClientPreset = 'chatgpt' | 'claude' | 'vscode' | 'cursor' | 'codex' | 'loopback'

export interface RedirectUris {
  /** URLPatterns; a client is covered when each of its redirect URIs matches one of those allowed. */
  readonly redirectUris: readonly string[]
  /** Where the list was found. */
  readonly source: string
}

/** The names that CLIENT_REDIRECT_URIS takes besides patterns. */
export const CLIENT_PRESETS: Readonly<Record<ClientPreset, RedirectUris>> = {
  chatgpt: {
    redirectUris: [
      // The stable URI, and one per connector.
      'https://chatgpt.com/connector_platform_oauth_redirect',
      // URLPattern's expressions have the v flag, under which a hyphen in a class must be escaped.
      'https://chatgpt.com/connector/oauth/:callback_id([\\w\\-]+)',
    ],
    source: 'https://developers.openai.com/plugins/build/auth',
  },
  claude: {
    redirectUris: [
      // Claude in the browser, on the desktop and on phones.
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
      // Newer desktop versions, and agents in the browser.
      'http://localhost:8787/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
    ],
    source: 'https://cursor.com/docs/mcp',
  },
  codex: {
    redirectUris: [
      // Codex listens on a port of its choice, and newer versions append an id of the server.
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

/** The preset of that name; undefined for an unknown name. */
export function findPreset(name: string): RedirectUris | undefined {
  return Object.entries(CLIENT_PRESETS).find(([preset]) => preset === name)?.[1]
}

/** The patterns of a list of preset names and patterns; what is no preset's name stays. */
export function redirectUriPatterns(items: readonly string[]): string[] {
  return items.flatMap((item) => findPreset(item)?.redirectUris ?? [item])
}
