import { parseArgs } from 'node:util'
import type { Person } from './form-sign-in.ts'

export interface Options {
  readonly url: string
  readonly person: Person
  readonly clientId: string | undefined
  /** 0 = any that is free. */
  readonly callbackPort: number
  readonly isJson: boolean
}

/** A command line that cannot be carried out; the message says how one is written. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `Usage: npm run connect -- [url] [--json] [--client-id ID] [--callback-port PORT]
                             [--user NAME --password PASSWORD]
  url              the MCP endpoint, or the origin that it is at; default http://localhost:8080/mcp
  --json           one JSON document instead of lines (npm run -s connect -- --json: nothing else)
  --client-id      sign in with a client that exists instead of registering one
  --callback-port  where the browser comes back to: http://127.0.0.1:PORT/callback; default any
  --user, --password  who signs in at the local tenant; default alice@example.com, password`
const MAX_PORT = 65_535

/**
 * Undefined = asked how the command is written.
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
  if (more.length > 0) throw new UsageError(`One URL, please.\n${USAGE}`)
  return {
    url: toEndpoint(given),
    person: { username: values.user, password: values.password },
    clientId: values['client-id'],
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
        'callback-port': { type: 'string', default: '0' },
        user: { type: 'string', default: 'alice@example.com' },
        password: { type: 'string', default: 'password' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
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
