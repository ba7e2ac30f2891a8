import { parseArgs } from 'node:util'
import type { Person } from './form-sign-in.ts'

export interface Options {
  readonly url: string
  readonly person: Person
  readonly clientId: string | undefined
  /** Where that client redirects, if not to this command. */
  readonly redirectUri: string | undefined
  /** 0 = any that is free. */
  readonly callbackPort: number
  readonly isJson: boolean
}

/** An invalid command line; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `Usage: npm run connect -- [url] [--json] [--client-id ID [--redirect-uri URI]]
                             [--callback-port PORT] [--user NAME --password PASSWORD]
  url              the MCP endpoint or its origin; default http://localhost:8080/mcp
  --json           prints one JSON document instead of lines (npm run -s connect -- --json)
  --client-id      signs in with an existing client instead of registering one
  --redirect-uri   a redirect URI of that client that is not on this machine, such as
                   https://chatgpt.com/connector_platform_oauth_redirect: after the sign-in
                   you paste the address from the browser here
  --callback-port  the browser returns to http://127.0.0.1:PORT/callback; default any free port
  --user, --password  who signs in at the local tenant; default alice@example.com, password
  --help           prints this text`
const MAX_PORT = 65_535

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
    redirectUri: toRedirectUri(values['redirect-uri'], values['client-id']),
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
        'client-id': { type: 'string' },
        'redirect-uri': { type: 'string' },
        'callback-port': { type: 'string', default: '0' },
        user: { type: 'string', default: 'alice@example.com' },
        password: { type: 'string', default: 'password' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

function toRedirectUri(given: string | undefined, clientId: string | undefined) {
  if (given === undefined) return undefined
  if (clientId === undefined) {
    throw new UsageError(`--redirect-uri requires --client-id.\n${USAGE}`)
  }
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? '')) {
    throw new UsageError(`--redirect-uri must be an http or https URL.\n${USAGE}`)
  }
  return given
}

function toPort(given: string): number {
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
