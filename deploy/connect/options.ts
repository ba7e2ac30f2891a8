import { parseArgs } from 'node:util'
import { CLIENT_NAMES, IMITATIONS, type Imitation } from './client/imitations.ts'
import type { Person } from './sign-in/form-sign-in.ts'

export interface Options {
  readonly url: string
  readonly person: Person
  readonly clientId: string | undefined
  /** Undefined without `clientId`. */
  readonly clientSecret: string | undefined
  readonly imitation: Imitation | undefined
  /** Where that client redirects, if not to this command. */
  readonly redirectUri: string | undefined
  /** 0 = any that is free. */
  readonly callbackPort: number | undefined
  readonly isJson: boolean
}

/** An invalid command line; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `Usage: npm run connect -- [url] [--json] [--as NAME] [--client-id ID] [--redirect-uri URI]
                             [--callback-port PORT] [--user NAME --password PASSWORD]
  url              the MCP endpoint or its origin; default http://localhost:8080/mcp
  --json           prints one JSON document instead of lines (npm run -s connect -- --json)
  --as             connects as codex, claude-code, chatgpt or vscode is known to: user agent,
                   redirect URI, registration or metadata document, scopes, probes
  --client-id      signs in with an existing client instead of registering one; its secret, if it
                   has one, is read from the variable CLIENT_SECRET
  --redirect-uri   with --client-id or --as: a redirect URI of the client that is not on this
                   machine, such as https://vscode.dev/redirect. After the sign-in you paste the
                   address from the browser here, as for --as chatgpt, which has no other
  --callback-port  the browser returns to this port of this machine; default any free port
                   (http://127.0.0.1:PORT/callback), or that of the client named by --as
  --user, --password  who signs in at the local tenant; default alice@example.com, password
  --help           prints this text`
const MAX_PORT = 65_535
const LIST = new Intl.ListFormat('en', { type: 'disjunction' })

/**
 * Undefined for `--help`.
 *
 * @throws UsageError
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [given = `http://localhost:${env['PORT'] || '8080'}`, ...more] = positionals
  if (more.length > 0) throw new UsageError(`Give at most one URL.\n${USAGE}`)
  return {
    url: toEndpoint(given),
    person: { username: values.user, password: values.password },
    clientId: values['client-id'],
    clientSecret: values['client-id'] === undefined ? undefined : env['CLIENT_SECRET'] || undefined,
    imitation: toImitation(values.as),
    redirectUri: toRedirectUri(values['redirect-uri'], values['client-id'] ?? values.as),
    callbackPort: toPort(values['callback-port']),
    isJson: values.json,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        as: { type: 'string' },
        'client-id': { type: 'string' },
        'redirect-uri': { type: 'string' },
        'callback-port': { type: 'string' },
        user: { type: 'string', default: 'alice@example.com' },
        password: { type: 'string', default: 'password' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

function toImitation(given: string | undefined): Imitation | undefined {
  if (given === undefined) return undefined
  const name = CLIENT_NAMES.find((one) => one === given)
  if (name !== undefined) return IMITATIONS[name]
  throw new UsageError(`--as takes ${LIST.format(CLIENT_NAMES)}.\n${USAGE}`)
}

function toRedirectUri(given: string | undefined, client: string | undefined) {
  if (given === undefined) return undefined
  if (client === undefined) {
    throw new UsageError(`--redirect-uri requires --client-id or --as.\n${USAGE}`)
  }
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? '')) {
    throw new UsageError(`--redirect-uri must be an http or https URL.\n${USAGE}`)
  }
  return given
}

function toPort(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d{1,5}$/.test(given) || Number(given) > MAX_PORT) {
    throw new UsageError(`--callback-port takes 0 to ${MAX_PORT}.\n${USAGE}`)
  }
  return Number(given)
}

function toEndpoint(given: string): string {
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new UsageError(`The URL must be an http or https URL without credentials.\n${USAGE}`)
  }
  if (url.pathname === '/' && url.search === '') return `${url.origin}/mcp`
  // As clients send it.
  url.hash = ''
  return url.href
}
