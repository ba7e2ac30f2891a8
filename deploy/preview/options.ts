import { parseArgs } from 'node:util'
import { asObject, parseJson } from '../../shared/json.ts'
import type { Person } from '../connect/sign-in/form-sign-in.ts'

export interface Options {
  readonly tool: string | undefined
  readonly url: string
  readonly args: Readonly<Record<string, unknown>>
  /** `-`: on standard input. */
  readonly token: string | undefined
  readonly person: Person
  readonly port: number
  readonly opensBrowser: boolean
}

/** An invalid command line; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `Usage: npm run preview -- [TOOL] [--url URL] [--arguments JSON] [--token TOKEN | -]
                           [--user NAME --password PASSWORD] [--port PORT] [--no-open]
  TOOL         the tool to show; by default the first that has a UI
  --url        the MCP endpoint; default http://localhost:8080/mcp
  --arguments  of the call, as JSON; default {}
  --token      an access token, - reads it from standard input; without it the command signs in
               at the local tenant
  --user, --password  who signs in there; default alice@example.com, password
  --port       of the page on this machine; default any that is free
  --no-open    prints the address of the page, and opens no browser
  --help       prints this text`

/**
 * Undefined for `--help`.
 *
 * @throws UsageError
 */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const { values, positionals } = parse(argv)
  if (values.help) return undefined
  const [tool, ...more] = positionals
  const args = asObject(parseJson(values.arguments)?.value)
  const url = values.url ?? `http://localhost:${env['PORT'] || '8080'}/mcp`
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN
  if (more.length > 0) throw new UsageError(`Give at most one tool.\n${USAGE}`)
  if (args === undefined) throw new UsageError(`--arguments must be a JSON object.\n${USAGE}`)
  if (!(port <= 65_535)) throw new UsageError(`--port takes 0 to 65535.\n${USAGE}`)
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new UsageError(`--url must be an http or https URL.\n${USAGE}`)
  }
  const person = { username: values.user, password: values.password }
  return { tool, url, args, token: values.token, person, port, opensBrowser: !values['no-open'] }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        arguments: { type: 'string', default: '{}' },
        token: { type: 'string' },
        user: { type: 'string', default: 'alice@example.com' },
        password: { type: 'string', default: 'password' },
        port: { type: 'string', default: '0' },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}
