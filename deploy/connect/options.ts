import { parseArgs } from 'node:util'
import type { Person } from './form-sign-in.ts'

export interface Options {
  readonly url: string
  readonly person: Person
  readonly clientId: string | undefined
  readonly isJson: boolean
}

/** A command line that cannot be carried out; the message says how it is written. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const USAGE = `Usage: npm run connect -- [url] [--json] [--client-id ID] [--user NAME --password PASSWORD]
  url          the MCP endpoint, or the origin that it is at; default http://localhost:8080/mcp
  --json       one JSON document instead of lines
  --client-id  sign in with a client that exists instead of registering one
  --user, --password  who signs in at the local tenant; default alice@example.com, password`

/** @throws UsageError */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { values, positionals } = parse(args)
  const [given = `http://localhost:${env['PORT'] ?? '8080'}`, ...more] = positionals
  if (more.length > 0) throw new UsageError(`One URL, please.\n${USAGE}`)
  return {
    url: toEndpoint(given),
    person: { username: values.user, password: values.password },
    clientId: values['client-id'],
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
        'client-id': { type: 'string' },
        user: { type: 'string', default: 'alice@example.com' },
        password: { type: 'string', default: 'password' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

function toEndpoint(given: string): string {
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${given} is no http or https URL.\n${USAGE}`)
  }
  return url.pathname === '/' && url.search === '' ? `${url.origin}/mcp` : given
}
