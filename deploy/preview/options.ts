import type { Environment } from '../../shared/config.ts'
import type { Person } from '../connect/sign-in/form-sign-in.ts'
import { UsageError } from '../kit/errors.ts'
import { parseArguments } from '../kit/json-arguments.ts'
import type { CommandLine, OptionSpecs } from '../kit/options.ts'

export interface Options {
  readonly tool: string | undefined
  readonly url: string
  readonly args: Readonly<Record<string, unknown>>
  /** `-` reads the token from standard input. */
  readonly token: string | undefined
  readonly person: Person
  readonly port: number
  readonly opensBrowser: boolean
}

/** The options of `npm run preview`. */
export const PREVIEW_OPTIONS = {
  url: {
    type: 'string',
    value: 'URL',
    text: 'the MCP endpoint; default http://localhost:8080/mcp',
  },
  arguments: {
    type: 'string',
    value: 'JSON',
    default: '{}',
    text: 'arguments of the call, as JSON',
  },
  token: {
    type: 'string',
    value: 'TOKEN',
    text: 'an access token; - reads it from standard input. Without --token the command signs in at the Auth0 emulator',
  },
  user: {
    type: 'string',
    value: 'NAME',
    default: 'alice@example.com',
    text: 'the user who signs in at the Auth0 emulator',
  },
  password: {
    type: 'string',
    value: 'PASSWORD',
    default: 'password',
    text: 'the password of that user',
  },
  port: {
    type: 'string',
    value: 'PORT',
    default: '0',
    text: 'port of the page on this machine; 0 = any free port',
  },
  'no-open': { type: 'boolean', text: 'print the address of the page without opening a browser' },
} as const satisfies OptionSpecs

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toOptions(
  { values, positionals: [tool] }: CommandLine<typeof PREVIEW_OPTIONS>,
  env: Environment,
): Options {
  const args = parseArguments(values.arguments)
  const url = values.url ?? `http://localhost:${env['PORT'] || '8080'}/mcp`
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN
  if (!(port <= 65_535)) throw new UsageError('--port must be a number from 0 to 65535.')
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new UsageError('--url must be an http or https URL.')
  }
  const person = { username: values.user, password: values.password }
  return { tool, url, args, token: values.token, person, port, opensBrowser: !values['no-open'] }
}
