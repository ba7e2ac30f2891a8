import type { Environment } from '../../shared/config.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, OptionSpecs } from '../kit/options.ts'
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
}

/** The options of `npm run connect`. */
export const CONNECT_OPTIONS = {
  as: {
    type: 'string',
    value: 'NAME',
    choices: CLIENT_NAMES,
    text: 'connect as this client is known to: user agent, redirect URI, registration or metadata document, scopes, probes',
  },
  'client-id': {
    type: 'string',
    value: 'ID',
    text: 'sign in with an existing client instead of registering one; its secret, if it has one, is read from the variable CLIENT_SECRET',
  },
  'redirect-uri': {
    type: 'string',
    value: 'URI',
    text: 'with --client-id or --as: a redirect URI of the client that is not on this machine, such as https://vscode.dev/redirect. After the sign-in you paste the address from the browser here, as for --as chatgpt, which has no other',
  },
  'callback-port': {
    type: 'string',
    value: 'PORT',
    text: 'the browser returns to this port of this machine; default any free port (http://127.0.0.1:PORT/callback), or that of the client named by --as',
  },
  user: {
    type: 'string',
    value: 'NAME',
    default: 'alice@example.com',
    text: 'who signs in at the local tenant',
  },
  password: {
    type: 'string',
    value: 'PASSWORD',
    default: 'password',
    text: 'the password of that user',
  },
} as const satisfies OptionSpecs
const MAX_PORT = 65_535

/**
 * What the command line asks for.
 *
 * @throws UsageError
 */
export function toOptions(
  { values, positionals }: CommandLine<typeof CONNECT_OPTIONS>,
  env: Environment,
): Options {
  const [given = `http://localhost:${env['PORT'] || '8080'}`] = positionals
  return {
    url: toEndpoint(given),
    person: { username: values.user, password: values.password },
    clientId: values['client-id'],
    clientSecret: values['client-id'] === undefined ? undefined : env['CLIENT_SECRET'] || undefined,
    imitation: values.as && IMITATIONS[values.as],
    redirectUri: toRedirectUri(values['redirect-uri'], values['client-id'] ?? values.as),
    callbackPort: toPort(values['callback-port']),
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

function toPort(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d{1,5}$/.test(given) || Number(given) > MAX_PORT) {
    throw new UsageError(`--callback-port takes 0 to ${MAX_PORT}.`)
  }
  return Number(given)
}

function toEndpoint(given: string): string {
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new UsageError(`The URL must be an http or https URL without credentials.`)
  }
  if (url.pathname === '/' && url.search === '') return `${url.origin}/mcp`
  // As clients send it.
  url.hash = ''
  return url.href
}
