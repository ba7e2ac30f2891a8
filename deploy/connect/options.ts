import type { Environment } from '../../shared/config.ts'
import { UsageError } from '../kit/errors.ts'
import { parseArguments } from '../kit/json-arguments.ts'
import type { CommandLine, Flag, OptionSpecs } from '../kit/options.ts'
import { CLIENT_NAMES, IMITATIONS, type Imitation } from './client/imitations.ts'
import type { Person } from './sign-in/form-sign-in.ts'
import type { ToolCall } from './tools.ts'

export interface Options {
  readonly url: string
  readonly person: Person
  readonly clientId: string | undefined
  /** Undefined without `clientId`. */
  readonly clientSecret: string | undefined
  readonly imitation: Imitation | undefined
  /** The client's redirect URI, if it does not lead to this command. */
  readonly redirectUri: string | undefined
  /** 0 = any free port. */
  readonly callbackPort: number | undefined
  /** The call of the last step; undefined = any tool that requires no arguments. */
  readonly toolCall: ToolCall | undefined
  /** Whether to print the access token instead of the steps. */
  readonly printsToken: boolean
}

/** The options of `npm run connect`. */
export const CONNECT_OPTIONS = {
  as: {
    type: 'string',
    value: 'NAME',
    choices: CLIENT_NAMES,
    text: 'imitate this client: user agent, redirect URI, registration or metadata document, scopes, probes',
  },
  'client-id': {
    type: 'string',
    value: 'ID',
    text: 'sign in with an existing client instead of registering one; set CLIENT_SECRET if the client has a secret',
  },
  'redirect-uri': {
    type: 'string',
    value: 'URI',
    text: 'with --client-id or --as: a redirect URI of the client that is not on this machine, such as https://vscode.dev/redirect; after the sign-in, paste the address from the browser here. --as chatgpt always uses such a redirect URI; the Auth0 emulator signs in without a browser',
  },
  'callback-port': {
    type: 'string',
    value: 'PORT',
    text: 'port of the callback on this machine (http://127.0.0.1:PORT/callback); default any free port, or the port of the client in --as',
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
  tool: {
    type: 'string',
    value: 'NAME',
    text: 'the tool to call; default a tool that requires no arguments',
  },
  arguments: {
    type: 'string',
    value: 'JSON',
    text: 'with --tool: arguments of the call, as JSON; default {}',
  },
  'print-token': {
    type: 'boolean',
    text: 'stop after the sign-in and print only the access token on standard output, for curl, doctor --token - and preview --token -; the steps go to standard error. The token is a credential: do not write it to a file or a log',
  },
} as const satisfies OptionSpecs
const MAX_PORT = 65_535

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toOptions(
  { values, positionals }: CommandLine<typeof CONNECT_OPTIONS & { readonly json: Flag }>,
  env: Environment,
): Options {
  const printsToken = values['print-token']
  if (printsToken && (values.json || values.tool !== undefined)) {
    throw new UsageError('--print-token cannot be combined with --json or --tool.')
  }
  const [given = `http://localhost:${env['PORT'] || '8080'}`] = positionals
  return {
    url: toEndpoint(given),
    person: { username: values.user, password: values.password },
    clientId: values['client-id'],
    clientSecret: values['client-id'] === undefined ? undefined : env['CLIENT_SECRET'] || undefined,
    imitation: values.as && IMITATIONS[values.as],
    redirectUri: toRedirectUri(values['redirect-uri'], values['client-id'] ?? values.as),
    callbackPort: toPort(values['callback-port']),
    toolCall: toToolCall(values.tool, values.arguments),
    printsToken,
  }
}

function toRedirectUri(given: string | undefined, client: string | undefined) {
  if (given === undefined) return undefined
  if (client === undefined) {
    throw new UsageError(`--redirect-uri requires --client-id or --as.`)
  }
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? '')) {
    throw new UsageError(`--redirect-uri must be an http or https URL.`)
  }
  return given
}

function toToolCall(name: string | undefined, json: string | undefined): ToolCall | undefined {
  if (name === undefined) {
    if (json === undefined) return undefined
    throw new UsageError('--arguments requires --tool.')
  }
  return { name, arguments: parseArguments(json ?? '{}') }
}

function toPort(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d{1,5}$/.test(given) || Number(given) > MAX_PORT) {
    throw new UsageError(`--callback-port must be a number from 0 to ${MAX_PORT}.`)
  }
  return Number(given)
}

function toEndpoint(given: string): string {
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new UsageError(`The URL must be an http or https URL without credentials.`)
  }
  // Another path may lead to an endpoint behind a gateway; otherwise connect reports mcp_missing.
  if (url.pathname === '/' && url.search === '') return `${url.origin}/mcp`
  // Clients send the URL without its fragment.
  url.hash = ''
  return url.href
}
